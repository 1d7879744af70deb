"""JSONPath expressions, as jsonpath-ng reads them, each read once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonpath_ng.jsonpath import JSONPath


@lru_cache(maxsize=1024)
def parsed(path: str) -> JSONPath:
    """The expression. Raises `ValueError` where the text is none."""
    from jsonpath_ng.parser import parse

    try:
        return parse(path)
    except Exception as error:  # its lexer and parser raise bare exceptions
        raise ValueError(
            f"this is no JSONPath: {error}; allowed: a path like $.items[0].amount"
        ) from None


_NOTHING = object()


def at_path(path: str, value: Any) -> tuple[Any, ...]:
    """What stands at a path of a value, if anything does. Raises `ValueError` as `parsed` does."""
    if (keys := _keys(path)) is None:
        return tuple(each.value for each in parsed(path).find(value))
    for key in keys:
        try:
            value = value.get(key, _NOTHING)  # as jsonpath-ng does: nothing is made up on the way
        except (AttributeError, TypeError):
            return ()
        if value is _NOTHING:
            return ()
    return (value,)


@lru_cache(maxsize=1024)
def _keys(path: str) -> tuple[str, ...] | None:
    """The keys that lead to the one place that a path names; None where it is not so simple.

    Most paths are, and following them takes a tenth of the time then.
    """
    from jsonpath_ng.jsonpath import Child, Root

    keys: list[str] = []
    rest = parsed(path)
    while type(rest) is Child and (key := _key(rest.right)) is not None:
        keys.insert(0, key)
        rest = rest.left
    if (key := _key(rest)) is not None:
        return (key, *keys)
    return tuple(keys) if type(rest) is Root else None


def _key(part: Any) -> str | None:
    """The one key that a part of a path stands for, if it does."""
    fields: tuple[str, ...] = getattr(part, "fields", ())
    return fields[0] if len(fields) == 1 and fields[0] != "*" else None
