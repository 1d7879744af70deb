"""JSON is read to the values that Python's own reader gives, and refused in its words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import quick_json
from tests.strategies import json_values

TEXTS = (
    *(b"-0", b"-0.0", b"1e400", b"1E5", b"0.1", b"123456789012345678901234567890"),
    *(b"NaN", b"[-Infinity]", b"nan", b"01", b"1.", b"+1", b".5", b"[1,]", b"{}x", b"", b" "),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\x01"', b'"\xff"', b"\xef\xbb\xbf{}"),
    *('"a"'.encode("utf-16"), b'{"a":1,"b":2,"a":3}', b"[" * 150 + b"]" * 150, b"1" * 5000),
    b"[" * 300 + b"]" * 300,
)


def told(read, text: bytes) -> str:
    """The value, or the mistake, in words."""
    try:
        return repr(read(text))
    except ValueError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_a_text_means_what_python_says(text):
    assert told(quick_json.read, text) == told(json.loads, text)


@given(json_values)
def test_what_is_written_is_read_again(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        data = text.encode("utf-8", "surrogatepass")
        assert told(quick_json.read, data) == told(json.loads, data)


@given(st.floats(), st.integers(0, 30))
def test_numbers_are_the_same_to_the_last_bit(number, digits):
    text = f"[{number!r}, {number:.{digits}e}]".replace("nan", "NaN").replace("inf", "Infinity")
    assert told(quick_json.read, text.encode()) == told(json.loads, text.encode())
