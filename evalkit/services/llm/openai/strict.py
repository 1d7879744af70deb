"""What a JSON Schema must be for `strict: true`, where the model is held to it while it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.openai.errors import RefusedError

_INNER = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf", "prefixItems")
_DEEPEST = 50


def check_strict(what: str, param: str, code: str | None, schema: Mapping[str, Any]) -> None:
    """Check a schema. `what` names its owner in the message. Raises `RefusedError`."""
    wrong = _wrong(schema, ())
    if wrong is not None:
        raise RefusedError(f"Invalid schema for {what}: {wrong}", param=param, code=code)


def _wrong(schema: Any, where: tuple[str, ...]) -> str | None:
    """The first thing that is wrong, in the API's words."""
    if not isinstance(schema, Mapping) or len(where) > _DEEPEST:
        return None
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        context = f"In context={_tuple(where)}"
        if schema.get("additionalProperties") is not False:
            return f"{context}, 'additionalProperties' is required to be supplied and to be false."
        required = schema.get("required")
        given = required if isinstance(required, list) else []
        missing = next((each for each in properties or {} if each not in given), None)
        if missing is not None:
            return (
                f"{context}, 'required' is required to be supplied and to be an array including "
                f"every key in properties. Missing '{missing}'."
            )
    return _wrong_inside(schema, where)


def _wrong_inside(schema: Mapping[str, Any], where: tuple[str, ...]) -> str | None:
    places = [((*where, "items"), schema.get("items"))]
    for key in _INNER:
        inner = schema.get(key)
        if isinstance(inner, Mapping):
            places += [((*where, key, str(name)), each) for name, each in inner.items()]
    for key in _LISTS:
        inner = schema.get(key)
        if isinstance(inner, list):
            places += [((*where, key, str(at)), each) for at, each in enumerate(inner)]
    found = (_wrong(each, place) for place, each in places)
    return next((each for each in found if each is not None), None)


def _tuple(where: tuple[str, ...]) -> str:
    """As Python writes a tuple, which is what the API shows."""
    return repr(where)
