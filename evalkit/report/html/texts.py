"""Text from elsewhere, made fit to be shown: nothing in it can hide, turn round or run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_KEPT = "\n\t\u200d\u00a0\u202f\u2009\u3000"
"""Ends of lines, tabs, spaces of several widths, and what joins emoji."""

_ESCAPES: Mapping[int, str] = MappingProxyType(
    {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
)


def visible(text: str) -> str:
    """The text with its control, bidi and other invisible characters written out; line ends and
    tabs stay what they are.
    """
    if text.isprintable():
        return text
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    hidden = {ord(each): _written(each) for each in set(text) if not _is_shown(each)}
    return text.translate(hidden) if hidden else text


def visible_all(value: Any) -> Any:
    """A value of JSON with all its texts visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: visible_all(each) for key, each in value.items()}
    return list(map(visible_all, value)) if isinstance(value, (list, tuple)) else value


def _is_shown(char: str) -> bool:
    return char.isprintable() or char in _KEPT


def _written(char: str) -> str:
    return ascii(char)[1:-1]


def shortened(text: str, limit: int) -> str:
    """The text up to so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def line_of(text: str, limit: int = 400) -> str:
    """The text on one line, up to so many characters."""
    return shortened(visible(" ".join(text[: limit * 4].split())), limit)


def middle_out(text: str, limit: int) -> str:
    """The beginning and the end of a long text: what a model was asked last stands at the end."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 5, limit * 3 // 5
    left = len(text) - head - tail
    return f"{text[:head]}\n… {left:,} characters left out …\n{text[-tail:]}"


def script_safe(value: Any) -> str:
    """JSON that can stand in a script element: no `<`, no `&`, and no end of line that JSON knows
    and JavaScript did not.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES).encode("utf-8", "replace").decode()
