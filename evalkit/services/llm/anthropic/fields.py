"""Fields of a request's JSON, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.anthropic.errors import at, required

_TYPES: Mapping[type, str] = {
    str: "a valid string",
    bool: "a valid boolean",
    int: "a valid integer",
    list: "a valid list",
    dict: "a valid dictionary",
}


def is_a(value: Any, kind: type) -> bool:
    """Whether a JSON value is of a type; true is no integer."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def needed(body: Mapping[str, Any], key: str, kind: type, where: str = "") -> Any:
    """A field that has to be there. Raises `RefusedError`."""
    value = optional(body, key, kind, where)
    if value is None:
        raise required(f"{where}{key}")
    return value


def optional(body: Mapping[str, Any], key: str, kind: type, where: str = "") -> Any:
    """A field, or None where it is missing or null. Raises `RefusedError`."""
    value = body.get(key)
    if value is None or is_a(value, kind):
        return value
    raise at(f"{where}{key}", f"Input should be {_TYPES[kind]}")


def number(body: Mapping[str, Any], key: str, low: float, high: float) -> None:
    """Check a number that may be there. Raises `RefusedError`."""
    value = body.get(key)
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise at(key, "Input should be a valid number")
    if not low <= value <= high:
        raise at(key, f"range: {low:g}..{high:g}")


def at_least(where: str, value: int, low: int) -> None:
    """Check the lower bound of an integer. Raises `RefusedError`."""
    if value < low:
        raise at(where, f"Input should be greater than or equal to {low}")
