import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.llm import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a", 1),
        ("four", 1),
        ("fives", 2),
        ("x" * 400, 100),
        ("ü", 1),
        ("日本語", 3),
        ("🎉", 1),
    ],
)
def test_a_token_is_four_bytes(text, expected):
    assert tokens.count(text) == expected


@given(st.text(st.characters(), max_size=80))
def test_there_are_as_many_pieces_as_tokens_and_none_is_empty(text):
    pieces = list(tokens.pieces(text))
    assert "".join(pieces) == text
    assert len(pieces) == tokens.count(text)
    assert all(pieces)


@given(st.text(max_size=80), st.integers(0, 30))
def test_a_head_has_no_more_tokens_than_asked_for(text, limit):
    head = tokens.head(text, limit)
    assert text.startswith(head)
    assert len(head) >= len("".join(list(tokens.pieces(text))[:limit]))
