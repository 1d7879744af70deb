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
    assert told(quick_json.load, text) == told(json.loads, text)


@given(json_values)
def test_what_is_written_is_read_again(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        data = text.encode("utf-8", "surrogatepass")
        assert told(quick_json.load, data) == told(json.loads, data)


@given(st.floats(), st.integers(0, 30))
def test_numbers_are_the_same_to_the_last_bit(number, digits):
    text = f"[{number!r}, {number:.{digits}e}]".replace("nan", "NaN").replace("inf", "Infinity")
    assert told(quick_json.load, text.encode()) == told(json.loads, text.encode())


@given(json_values)
def test_a_value_that_was_looked_at_is_read_once_more_as_it_was(value):
    data = json.dumps(value).encode()
    looked_at = quick_json.look(data)
    first, second = quick_json.read(data), quick_json.read(data)
    assert first is looked_at
    assert repr(second) == repr(value)
    assert second is not first or not isinstance(value, dict | list)


def test_other_bytes_are_no_value_that_was_looked_at():
    quick_json.look(b"[1]")
    assert quick_json.read(b"[2]") == [2]


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b'{"a": -Infinity}'])
def test_numbers_that_json_has_not_are_looked_at_and_not_read(text):
    assert told(quick_json.look, text) == told(json.loads, text)
    with pytest.raises(ValueError, match="line 1"):
        quick_json.read(text)


@given(json_values)
def test_a_value_is_written_as_python_would_and_without_spaces(value):
    def text(written):
        return json.dumps(written, ensure_ascii=False, separators=(",", ":"))

    assert json.loads(quick_json.compact(value)) == json.loads(text(value))
    assert quick_json.compact(str(value)).decode() == text(str(value))


@given(st.dictionaries(st.text(), json_values))
def test_the_order_of_keys_does_not_count_in_what_is_steady(value):
    turned = dict(reversed(value.items()))
    assert quick_json.steady(value) == quick_json.steady(turned)


@pytest.mark.parametrize("value", [10**30, ["\ud800"], {"a": {"b": -(2**70)}}], ids=repr)
def test_what_the_quick_writer_cannot_write_is_written_all_the_same(value):
    assert json.loads(quick_json.steady(value)) == value
    assert json.loads(quick_json.compact(value).decode("utf-8", "surrogatepass")) == value


def test_objects_and_arrays_are_told_level_by_level():
    value = {"a": [1, {"b": []}], "c": {}, "d": "e"}
    assert list(quick_json.levels(value)) == [[value], [[1, {"b": []}], {}], [{"b": []}], [[]]]
    assert list(quick_json.levels("text")) == []
