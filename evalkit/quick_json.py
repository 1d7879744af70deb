"""JSON read and written several times as fast as Python's own does it.

pydantic's reader, written in Rust, gives the same value wherever it gives one. Where it does not
(half characters, other encodings than UTF-8, very deep nesting, what is no JSON), Python's own
reads the text again, so that the errors of `load` and `look` are the same as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
from pydantic_core import from_json

_LARGEST = 1024 * 1024  # bytes of a text whose value is worth keeping for the next to read it

_looked_at: list[tuple[bytes, Any]] = []  # one at the most


def load(text: bytes | bytearray) -> Any:
    """The value of JSON text. Raises `ValueError` and `RecursionError` as `json.loads` does."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def look(text: bytes) -> Any:
    """The same for one who leaves the value as it is: whoever reads these very bytes next may get
    it too.
    """
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return json.loads(text)
    _looked_at[:] = [(text, value)] if len(text) <= _LARGEST else []
    return value


def read(text: bytes) -> Any:
    """The same for one who may change the value; but numbers that JSON has not (NaN,
    Infinity) and what only Python's own reader can read raise `ValueError` too.
    """
    for known, value in _looked_at:
        if known is text:
            _looked_at.clear()  # from here on it is the reader's
            return value
    return from_json(text, allow_inf_nan=False)


def levels(value: object) -> Iterator[list[Any]]:
    """The objects and arrays in a value that was read from JSON, by levels, outermost first."""
    level: list[Any] = [value] if type(value) in _NESTED else []
    while level:
        yield level
        level = [
            inner
            for each in level
            for inner in (each.values() if type(each) is dict else each)
            if type(inner) in _NESTED
        ]


_NESTED = frozenset({dict, list})


def compact(value: object) -> bytes:
    """The JSON of a value of JSON's kinds, without spaces."""
    try:
        return orjson.dumps(value)
    except TypeError:  # half characters, large numbers, very deep nesting
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def steady(value: object) -> bytes:
    """The same bytes for the same value that was read from JSON, whatever the order of its keys.
    What is no number (NaN, Infinity) may count as null. orjson writes large floats otherwise
    before 3.11.7.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
