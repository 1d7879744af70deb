"""How a breach is worded: what of a value does not fit, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from evalkit.services.bodies import json_text

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def shown(value: Any) -> str:
    """A value as a breach names it, not too long."""
    try:
        text = json_text(value)
    except (ValueError, TypeError, RecursionError):
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def message_of(error: ValidationError) -> str:
    """What is wrong, in our words for the usual and the validator's for the rest."""
    value, wanted = shown(error.instance), cast("Any", error.validator_value)
    match error.validator:
        case "type":
            return f"{value} is not of type {_or(wanted)}"
        case "enum" | "discriminator":
            return f"{value} is not one of {', '.join(map(shown, wanted[:20]))}"
        case "const":
            return f"{value} is not {shown(wanted)}"
        case "required":
            return "is missing"
        case "additionalProperties":
            return f"there must be no {_extras(error)}"
        case "not" if wanted == {}:
            return "must not be there"
        case "format":
            return f"{value} is no {wanted}"
        case "pattern":
            return f"{value} does not match the pattern {wanted}"
        case str() as keyword if keyword in _LIMITS:
            return f"{value} {_LIMITS[keyword]} {wanted}"
    text = re.sub(r"\s+", " ", error.message)
    return text if len(text) <= 200 else f"{text[:197]}..."


def missing_name(error: ValidationError) -> list[str]:
    """The name of the property that is missing; the validator makes an error for each."""
    if error.validator != "required":
        return []
    wanted, present = cast("Any", error.validator_value), cast("Any", error.instance)
    missing = [each for each in wanted if each not in present]
    return [each for each in missing if error.message.startswith(repr(each))][:1]


def _extras(error: ValidationError) -> str:
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    names = [f"`{name[:50]}`" for name in cast("Any", error.instance) if name not in known]
    return ", ".join(names[:5]) or "such property"


def _or(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


_LIMITS = {
    "minimum": "is less than",
    "maximum": "is more than",
    "exclusiveMinimum": "is not more than",
    "exclusiveMaximum": "is not less than",
    "multipleOf": "is not a multiple of",
    "minLength": "is shorter than",
    "maxLength": "is longer than",
    "minItems": "has fewer items than",
    "maxItems": "has more items than",
    "minProperties": "has fewer properties than",
    "maxProperties": "has more properties than",
}
