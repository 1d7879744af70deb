"""Where two plain values begin to differ, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.journal.plain import Plain, dump

_CONTEXT = 40


@dataclass(frozen=True, slots=True)
class Place:
    """The first place in which two values differ, as a path into them, and an excerpt of each.

    The path is empty where the values differ as a whole. An excerpt is None where there is nothing.
    """

    path: str
    first: str | None
    second: str | None


def differing_place(first: Plain, second: Plain) -> Place | None:
    """The first place in which two values differ; None where they are equal."""
    return None if first == second else _place("", first, second)


def excerpts(first: str, second: str) -> tuple[str, str]:
    """The parts of two texts around the first character in which they differ."""
    pairs = enumerate(zip(first, second, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))
    start = max(0, place - _CONTEXT)
    return cut(first, start), cut(second, start)


def cut(text: str, start: int = 0) -> str:
    """A part of a text that fits a line."""
    part = text[start : start + 2 * _CONTEXT]
    return ("…" if start else "") + part + ("…" if start + len(part) < len(text) else "")


def _place(path: str, first: Plain, second: Plain) -> Place:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in (*first, *(each for each in second if each not in first)):
            if (key in first) != (key in second):
                return _missing(_joined(path, key), key in first, first.get(key), second.get(key))
            if first[key] != second[key]:
                return _place(_joined(path, key), first[key], second[key])
    if isinstance(first, list) and isinstance(second, list):
        for at in range(max(len(first), len(second))):
            if at >= min(len(first), len(second)):
                longer = first if len(first) > len(second) else second
                return _missing(f"{path}[{at}]", longer is first, longer[at], longer[at])
            if first[at] != second[at]:
                return _place(f"{path}[{at}]", first[at], second[at])
    return Place(path, *excerpts(_text(first), _text(second)))


def _missing(path: str, in_first: bool, first: Plain, second: Plain) -> Place:
    """A place that only one of the two has."""
    if in_first:
        return Place(path, cut(_text(first)), None)
    return Place(path, None, cut(_text(second)))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _text(value: Plain) -> str:
    return value if isinstance(value, str) else dump(value)
