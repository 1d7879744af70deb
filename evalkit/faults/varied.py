"""Values like others and yet other ones: what faults put in the place of the truth."""

from __future__ import annotations

import re
import string
from datetime import date, timedelta
from typing import Any

from evalkit.keyed import Draw

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_LETTERS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def varied(value: Any, draw: Draw) -> Any:
    """Another value of the same type and look: a number of the same size, a later day, a text with
    other digits, or with other letters where it has no digit. The longer a list, the longer the
    other.
    """
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _number(value, draw)
    if isinstance(value, str):
        return _text(value, draw)
    if isinstance(value, dict):
        return {name: varied(each, draw.at(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [varied(each, draw.at(place)) for place, each in enumerate(value)]
    return value


def _number(value: int | float, draw: Draw) -> int | float:
    if isinstance(value, float):
        other = round(value * draw.uniform(1.1, 1.9, "number"), 2)
        return other if other != value else value + 1
    span = max(9, abs(value))
    other = value + 1 + draw.below(span, "number")
    return other if value >= 0 else -abs(other)


def _text(text: str, draw: Draw) -> str:
    if _DAY.match(text):
        try:
            later = date.fromisoformat(text[:10]) + timedelta(days=1 + draw.below(28, "days"))
        except (ValueError, OverflowError):
            return text
        return later.isoformat() + text[10:]
    alphabets = _LETTERS[2:] if any(char in string.digits for char in text) else _LETTERS
    return "".join(_character(char, draw.at(place), alphabets) for place, char in enumerate(text))


def _character(char: str, draw: Draw, alphabets: tuple[str, ...]) -> str:
    alphabet = next((each for each in alphabets if char in each), None)
    if alphabet is None:
        return char
    turn = 1 + draw.below(len(alphabet) - 1, "turn")
    return alphabet[(alphabet.index(char) + turn) % len(alphabet)]
