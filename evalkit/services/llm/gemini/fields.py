"""Fields of a request's JSON. Names are taken in camelCase and in snake_case, as the API does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.gemini.errors import violated, wrong_type

_KINDS: Mapping[type, str] = {
    str: "TYPE_STRING",
    bool: "TYPE_BOOL",
    int: "TYPE_INT32",
    list: "TYPE_LIST",
    dict: "TYPE_MESSAGE",
}


def snake(name: str) -> str:
    """A name in snake_case."""
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)


def raw(body: Mapping[str, Any], name: str) -> Any:
    """A field by its camelCase name, however it was written; None where it is missing."""
    value = body.get(name)
    return body.get(snake(name)) if value is None else value


def field(body: Mapping[str, Any], name: str, kind: type, where: str = "") -> Any:
    """A field of a type, or None where it is missing. Raises `RefusedError`."""
    value = raw(body, name)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wrong_type(f"{where}{snake(name)}", _KINDS[kind], value)
    return value


def known(body: Mapping[str, Any], names: frozenset[str], where: str) -> None:
    """Refuse fields of other names. Raises `RefusedError`."""
    for key in body:
        if key not in names and key not in {snake(name) for name in names}:
            at = f" at '{where}'" if where else ""
            unknown = f'Unknown name "{key[:100]}"{at}: Cannot find field.'
            raise violated(where, f"Invalid JSON payload received. {unknown}")


def objects(value: list[Any], where: str) -> list[dict[str, Any]]:
    """The list, all of which are objects. Raises `RefusedError`."""
    for at, each in enumerate(value):
        if not isinstance(each, dict):
            raise wrong_type(f"{where}[{at}]", "TYPE_MESSAGE", each)
    return value
