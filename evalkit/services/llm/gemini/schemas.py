"""Schemas as the API writes them (a part of OpenAPI 3.0), as JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.gemini.fields import snake

_NAMES = {
    snake(name): name
    for name in (
        "anyOf",
        "maxItems",
        "minItems",
        "maxLength",
        "minLength",
        "maxProperties",
        "minProperties",
        "additionalProperties",
        "prefixItems",
    )
}
_COUNTS = frozenset({"maxItems", "minItems", "maxLength", "minLength", "maxProperties"})
_OWN = frozenset({"propertyOrdering", "property_ordering", "nullable", "example", "title"})
_DEEPEST = 60


def json_schema(schema: Any, depth: int = 0) -> Any:
    """The JSON Schema of a schema."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return schema if isinstance(schema, bool) else {}
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key not in _OWN:
            name = str(_NAMES.get(key, key))
            made[name] = _value(name, value, depth + 1)
    if schema.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _value(name: str, value: Any, depth: int) -> Any:
    match name:
        case "type" if isinstance(value, str):
            return value.lower()
        case "properties" | "$defs" if isinstance(value, Mapping):
            return {key: json_schema(each, depth) for key, each in value.items()}
        case "items" | "additionalProperties":
            return json_schema(value, depth)
        case "anyOf" | "prefixItems" if isinstance(value, list):
            return [json_schema(each, depth) for each in value]
        case "format" if value in ("enum", "int32", "int64", "float", "double"):
            return value
    # 64-bit integers are texts in the JSON of protocol buffers.
    return int(value) if name in _COUNTS and isinstance(value, str) and value.isdecimal() else value
