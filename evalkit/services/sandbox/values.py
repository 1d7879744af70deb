"""What may leave a template: JSON-like values, and their text."""

from __future__ import annotations

import math
from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import Undefined

from evalkit.services.sandbox.meter import CURRENT, weigh

_ITERATED = (list, tuple, range, ItemsView, KeysView, ValuesView)
_AS_IS = frozenset({str, bool, int, type(None)})


class NotPlainError(ValueError):
    """A template gives what has no place in JSON."""


def plain(value: Any) -> Any:
    """The value in JSON's types. Raises `NotPlainError` where it has none."""
    CURRENT.get().charge(weigh(value))
    return value if type(value) in _AS_IS else _plain(value)


def text_of(value: Any) -> str:
    """The text of a value, as it is written into a text."""
    if type(value) is str:
        return value
    return str(plain(value))


def _plain(value: Any) -> Any:
    if type(value) in _AS_IS:
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Undefined):
        str(value)  # raises the error that names it
    if isinstance(value, Mapping):
        return {_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, _ITERATED):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return str(value)
    raise NotPlainError(f"a template gives a {type(value).__name__}, which is not a JSON value")


def _finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise NotPlainError(f"a template gives {value}, which is not a JSON value")


def _key(key: Any) -> str:
    if isinstance(key, str | int | float) or key is None:
        return key if isinstance(key, str) else str(key)
    raise NotPlainError(
        f"a template gives a key of type {type(key).__name__}; JSON keys are strings"
    )
