"""Values out of texts: what a parameter or a form field says, as its schema types it.

Parameters are written in OpenAPI's styles (simple, form, spaceDelimited, pipeDelimited,
deepObject). A text that does not read as the type asked for stays text, so that the schema's check
can say what was there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.services.openapi.contract import Parameter
from evalkit.services.openapi.schemas import Form, Schemas

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,99})(\.[0-9]{1,99})?([eE][+-]?[0-9]{1,2})?")
_KEYS = re.compile(r"\[([^\[\]]*)\]")
_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_DEEPEST = 20
_MOST_INDEX = 1000


class Missing(Exception):
    """The parameter is not there."""


class Typer:
    """Gives texts the types that forms ask for."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def types(self, form: Form, deep: int = 0) -> set[str]:
        """All types that a form allows; none where it names none."""
        if deep > _DEEPEST:
            return set()
        given = form.get("type", [])
        found = {given} if isinstance(given, str) else set(given)
        for value in [form["const"]] if "const" in form else form.get("enum", ()):
            found.add(_type_of(value))
        if "$ref" in form:
            found |= self.types(self._schemas.form(form["$ref"]), deep + 1)
        for name in ("allOf", "anyOf", "oneOf"):
            for each in form.get(name, ()):
                found |= self.types(each, deep + 1)
        return found

    def typed(self, form: Form, value: Any) -> Any:
        """The value with its texts typed as the form asks."""
        if isinstance(value, list):
            items = self.items(form)
            return [self.typed(items, each) for each in value]
        if isinstance(value, dict):
            return {
                name: self.typed(self.property(form, name), each) for name, each in value.items()
            }
        types = self.types(form)
        if "array" in types and "string" not in types:
            return [self.typed(self.items(form), value)]
        return _scalar(types, value) if isinstance(value, str) else value

    def property(self, form: Form, name: str, deep: int = 0) -> Form:
        """The form of a property, wherever it is said; an empty one where nowhere."""
        if name in form.get("properties", {}):
            found: Form = form["properties"][name]
            return found
        for each in self._within(form, deep):
            if found := self.property(each, name, deep + 1):
                return found
        additional: Form = form.get("additionalProperties", {})
        return {} if additional == {"not": {}} else additional

    def items(self, form: Form) -> Form:
        """The form of the items of a list; an empty one where nothing is said of them."""
        return self._part(form, "items")

    def _part(self, form: Form, name: str, deep: int = 0) -> Form:
        if name in form:
            found: Form = form[name]
            return found
        parts = (self._part(each, name, deep + 1) for each in self._within(form, deep))
        return next((each for each in parts if each), {})

    def _within(self, form: Form, deep: int) -> list[Form]:
        if deep > _DEEPEST:
            return []
        found = [self._schemas.form(form["$ref"])] if "$ref" in form else []
        return found + [each for name in ("allOf", "anyOf", "oneOf") for each in form.get(name, ())]


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "null" if value is None else "string" if isinstance(value, str) else "object"


def _scalar(types: set[str], text: str) -> Any:
    if types & {"integer", "number"} and _NUMBER.fullmatch(text):
        return json.loads(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return None if "null" in types and text in ("", "null") and "string" not in types else text


def read_pairs(parameter: Parameter, pairs: Iterable[tuple[str, str]], types: set[str]) -> Any:
    """The untyped value of a query or cookie parameter. Raises `Missing`."""
    name = parameter.name
    if parameter.style == "deepObject":
        return _read_deep(name, pairs)
    own = [value for key, value in pairs if key == name]
    if "object" in types and "string" not in types and not own:
        return _read_exploded(parameter, pairs)
    if not own:
        own = [value for key, value in pairs if key == f"{name}[]"]
    if not own:
        raise Missing
    if "array" in types:
        if parameter.explode or len(own) > 1:
            return own
        return own[0].split(_DELIMITERS.get(parameter.style, ",")) if own[0] else []
    if "object" in types and "string" not in types:
        return _listed(own[0], explode=False)
    return own[0]


def _read_deep(name: str, pairs: Iterable[tuple[str, str]]) -> Any:
    found = [(key, value) for key, value in pairs if key.startswith(f"{name}[")]
    if not found:
        raise Missing
    return nested(found).get(name)


def _read_exploded(parameter: Parameter, pairs: Iterable[tuple[str, str]]) -> Any:
    """An object in form style: each of its properties is a parameter by itself."""
    found = dict(pairs)
    if not parameter.explode or (not found and not parameter.required):
        raise Missing
    return found


def read_text(parameter: Parameter, text: str, types: set[str]) -> Any:
    """The untyped value of a path or header parameter."""
    if "string" in types or not types & {"array", "object"}:
        return text
    if "array" in types:
        return text.split(",") if text else []
    return _listed(text, explode=parameter.explode)


def _listed(text: str, *, explode: bool) -> dict[str, str]:
    """`a=1,b=2`, or without explode `a,1,b,2`."""
    parts = text.split(",")
    if explode:
        return dict(part.partition("=")[::2] for part in parts)
    return dict(zip(parts[::2], parts[1::2], strict=False))


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Fields whose names hold keys in brackets, put together: `items[0][id]=7`, `tags[]=a`."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, bracket, _ = name.partition("[")
        keys = [first, *_KEYS.findall(name)] if bracket and first else [name]
        _put(root, keys[:_DEEPEST], value)
    listed = _with_lists(root)
    assert isinstance(listed, dict)
    return listed


def _put(holder: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = holder.setdefault(key, {})
        if not isinstance(inner, dict):
            inner = holder[key] = {}
        holder = inner
    last = keys[-1]
    if last == "" and len(keys) > 1:
        holder[str(len(holder))] = value
    elif isinstance(before := holder.get(last), list):
        before.append(value)
    else:
        holder[last] = [before, value] if isinstance(before, str) else value


def _with_lists(value: Any) -> Any:
    """Mappings whose keys are 0, 1, 2, … are lists."""
    if not isinstance(value, Mapping):
        return value
    inner = {key: _with_lists(each) for key, each in value.items()}
    is_list = bool(inner) and list(inner) == [str(place) for place in range(len(inner))]
    return list(inner.values()) if is_list and len(inner) <= _MOST_INDEX else inner
