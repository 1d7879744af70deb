"""What a plain scalar means: the core schema of YAML 1.2 (its section 10.3.2), and nothing more.

So `on`, `yes`, `12:30` and `2026-01-05` are texts and `0777` is the number 777.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None

DIGITS = 100
"""The most characters of a number; more is a mistake or an attack."""

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNBOUNDED = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_scalar(text: str) -> Scalar:
    """The value of a plain scalar. Raises `ValueError` for a number that nothing else can hold."""
    if text in _WORDS:
        return _WORDS[text]
    if not (text[0] in "+-." or "0" <= text[0] <= "9"):
        return text
    if _UNBOUNDED.fullmatch(text):
        raise ValueError(f"{text} is no number that JSON can hold")
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if len(text) > DIGITS and any(kind.fullmatch(text) for kind in (_INT, _BASED, _FLOAT)):
        raise ValueError(f"a number of more than {DIGITS} characters")
    if _INT.fullmatch(text):
        return int(text)
    if based := _BASED.fullmatch(text):
        return int(based[1], 8) if based[1] else int(based[2], 16)
    if not _FLOAT.fullmatch(text):
        return None
    if math.isinf(number := float(text)):
        raise ValueError(f"{text} is too large a number")
    return number
