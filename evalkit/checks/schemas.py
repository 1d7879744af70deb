"""JSON Schemas, versioned where they are, in the settings of checks.

jsonschema is imported when a schema is used. A `$ref` to another document is never fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from evalkit.checks.targets import shown
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, Part

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_LONGEST = 200


def _schema(value: Mapping[str, Any]) -> Mapping[str, Any]:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    try:
        validator_for(dict(value), default=Draft202012Validator).check_schema(dict(value))
    except SchemaError as error:
        raise ValueError(f"this is no JSON Schema: {error.json_path}: {error.message}") from None
    return value


Schema: TypeAlias = Annotated[Mapping[str, Any], AfterValidator(_schema)]
"""A JSON Schema, inline."""


class Conforming(Part):
    """The schema of a value, or one for each version of it."""

    shape: Schema | None = Field(None, alias="schema", description="Its JSON Schema")
    versions: Mapping[str, Schema] = Field({}, description="Its JSON Schemas by version")
    version: JsonPath = Field("$.version", description="Where the value says its version")

    @model_validator(mode="after")
    def _one_of_them(self) -> Conforming:
        if (self.shape is None) == (not self.versions):
            raise ValueError("write one of `schema` and `versions`")
        return self


def mistake_in(settings: Conforming, value: Any) -> str | None:
    """What is wrong with a value, and where; None if nothing is."""
    if settings.shape is not None:
        return _mistake(settings.shape, value)
    found = at_path(settings.version, value) if isinstance(value, (dict, list)) else ()
    if not found:
        return f"it says no version at {settings.version}"
    schema = settings.versions.get(str(found[0]))
    if schema is None:
        known = ", ".join(settings.versions)
        return f"its version is {shown(found[0])}, which nobody declared; declared: {known}"
    return _mistake(schema, value)


def _mistake(schema: Mapping[str, Any], value: Any) -> str | None:
    from jsonschema.exceptions import best_match

    worst = best_match(_validator(json.dumps(schema, sort_keys=True)).iter_errors(value))
    if worst is None:
        return None
    place = worst.json_path.removeprefix("$").removeprefix(".")
    return f"{place}: {worst.message[:_LONGEST]}" if place else worst.message[:_LONGEST]


@lru_cache(maxsize=64)
def _validator(text: str) -> Validator:
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    schema = json.loads(text)
    return validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())
