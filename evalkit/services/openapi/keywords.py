"""What each keyword of a schema must hold. What fits is kept, what does not is said to be wrong.

JSON Schema 2020-12 is the one form that all schemas are brought into; OpenAPI 3.0's own keywords
(`nullable`, a boolean `exclusiveMinimum`) are translated where schemas are read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")

SCHEMAS = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
"""Keywords that hold one schema."""

LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
"""Keywords that hold a list of schemas."""

MAPS = ("properties", "patternProperties", "dependentSchemas")
"""Keywords that hold schemas by name."""

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas are about the value itself, not about a part of it."""


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and abs(value) < 1e300 and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 1e-300


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_names_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_names, value.values()))


def _is_values(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_anything(value: Any) -> bool:
    del value
    return True


_NUMBER = (_is_number, "a number")
_COUNT = (_is_count, "a whole number, 0 or more")
_FLAG = (_is_flag, "true or false")

PLAIN: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), _NUMBER),
        **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), _COUNT),
        **dict.fromkeys(("maxProperties", "minProperties", "maxContains", "minContains"), _COUNT),
        **dict.fromkeys(("uniqueItems", "readOnly", "writeOnly"), _FLAG),
        "multipleOf": (_is_positive, "a number above 0"),
        "pattern": (_is_text, "a regular expression"),
        "format": (_is_text, "the name of a format"),
        "required": (_is_names, "a list of names"),
        "dependentRequired": (_is_names_by_name, "lists of names by name"),
        "enum": (_is_values, "a list of values, at least one"),
        "const": (_is_anything, "a value"),
        "default": (_is_anything, "a value"),
    }
)
"""Keywords that hold no schema: what they must hold, and how to say so."""


def readable(pattern: str) -> str | None:
    """The pattern as Python's `re` reads it; None where it cannot, and so it is not checked.

    Contracts are written for ECMAScript's regular expressions.
    """
    translated = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    try:
        re.compile(translated)
    except (re.error, OverflowError, RecursionError):
        return None
    return translated
