"""Finds where in a JSON text a value stands. Only called for a text that is known to be JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from evalkit.suite.tree import Where

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def place_in(text: str, where: Where, *, at_key: bool = False) -> int:
    """The index of the value at a path of keys and indexes, or of its key.

    Where there is no such value, the index of what is nearest to it.
    """
    found = at = _skip(text, 0)
    for step in where:
        pair = next((pair for name, *pair in _children(text, at) if name == step), None)
        if pair is None:
            break
        key, at = pair
        found = key if at_key else at
    return found


def _children(text: str, at: int) -> Iterator[tuple[str | int, int, int]]:
    """The name of each child of the value at an index, where its key is, and where it is."""
    if text[at] not in "{[":
        return
    number, place = 0, _skip(text, at + 1)
    while text[place] not in "}]":
        name: str | int = number
        key = place
        if text[at] == "{":
            name, place = _DECODER.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
        yield name, key, place
        _, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] == ",":
            number, place = number + 1, _skip(text, place + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
