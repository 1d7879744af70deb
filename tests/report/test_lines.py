from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.lines import Column, Span, line, plain, print_lines, table, width_of, wrapped

COLUMNS = (Column("name"), Column("", wraps=True), Column("n", right=True))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_a_table_has_its_columns_in_line() -> None:
    rows = [[Span("a"), Span("one"), Span("5")], [Span("long"), Span("two\nthree"), Span("120")]]
    assert [plain(each) for each in table(COLUMNS, rows, 80, by=2)] == [
        "  name                          n",
        "  a     one                     5",
        "  long  two                   120",
        "        three",
    ]


def test_the_column_that_wraps_takes_what_is_left() -> None:
    rows = [[Span("a"), Span("word " * 30), Span("1,000")]]
    texts = [plain(each) for each in table(COLUMNS, rows, 60)]
    assert all(len(each) <= 60 for each in texts)
    assert sum(each.count("word") for each in texts) == 30
    assert texts[1].endswith("1,000")


@given(st.lists(st.text(st.characters(categories=["L", "N", "Zs"])), max_size=4))
def test_no_table_is_wider_than_it_may_be_for_lack_of_wrapping(cells: list[str]) -> None:
    rows = [[Span("a"), Span(each), Span("1")] for each in cells]
    assert all(len(plain(each)) <= 80 for each in table(COLUMNS, rows, 80))


def test_prose_is_wrapped_and_keeps_its_indent() -> None:
    texts = [plain(each) for each in wrapped("word " * 20, 40, by=4)]
    assert len(texts) == 3
    assert all(each.startswith("    word") and len(each) <= 40 for each in texts)


def test_off_a_terminal_there_is_no_colour_and_nothing_is_broken() -> None:
    stream = io.StringIO()
    print_lines(stream, [line("x" * 200, "bold red", by=2), line("[red]as it is[/red] :smile:")])
    assert stream.getvalue() == f"  {'x' * 200}\n[red]as it is[/red] :smile:\n"


def test_on_a_terminal_there_is_colour(terminal: Terminal) -> None:
    print_lines(terminal, [line("bad", "red")])
    assert "\x1b[31mbad" in terminal.getvalue()


def test_no_color_is_honoured(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    print_lines(terminal, [line("bad", "red")])
    assert terminal.getvalue() == "bad\n"


def test_what_is_no_terminal_is_80_columns_wide(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert width_of(io.StringIO()) == 80
    assert width_of(terminal) == 120
