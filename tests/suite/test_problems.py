import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.problems import Problem, closest


def test_a_problem_shows_where_what_and_what_is_meant() -> None:
    problem = Problem(
        file="a.yaml",
        line=12,
        column=3,
        message='unknown key "gate"',
        excerpt="  gate: x",
        allowed=("agent", "gates"),
        suggestion="gates",
    )
    assert str(problem) == (
        'a.yaml:12:3: unknown key "gate"\n'
        "  12 |   gate: x\n"
        "     |   ^\n"
        "  allowed: agent, gates\n"
        "  did you mean gates?"
    )


def test_a_problem_of_a_whole_file_shows_no_excerpt() -> None:
    assert str(Problem(file="a.yaml", message="there is no such file")) == (
        "a.yaml: there is no such file"
    )


def test_many_allowed_words_are_cut_short() -> None:
    problem = Problem(file="a", message="m", allowed=tuple(f"w{n}" for n in range(40)))
    assert "w29, and 10 more" in str(problem)
    assert "w30" not in str(problem)


@given(
    st.text(max_size=300).filter(lambda text: text.isprintable()),
    st.integers(1, 320),
)
def test_the_caret_stands_under_the_column(line: str, column: int) -> None:
    excerpt = line.ljust(column, ".")
    shown = str(Problem(file="f", line=7, column=column, message="m", excerpt=excerpt))
    _, text, caret = shown.split("\n")
    # Blanks at the end of a line are not shown.
    assert text.ljust(len(caret))[caret.index("^")] == excerpt[column - 1]
    assert len(text) < 120


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ("gate", "gates"),
        ("GATES", "gates"),
        ("sesions", "sessions"),
        ("zzz", None),
        (3, None),
        ("", None),
        ("gates" * 10_000, None),
    ],
)
def test_the_closest_word(given_: object, meant: str | None) -> None:
    assert closest(given_, ["suite", "gates", "sessions"]) == meant
