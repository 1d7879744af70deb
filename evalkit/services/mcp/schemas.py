"""JSON Schemas of arguments and of structured content.

jsonschema is imported when the first schema is made, not with this module. A `$ref` to another
document is never fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_LONGEST = 300


class SchemaProblem(ValueError):
    """The schema is none, or cannot be judged by."""


class Schema:
    """A schema that values are held against."""

    __slots__ = ("_validator", "text")

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raises `SchemaProblem` where it is no JSON Schema of an object."""
        self.text = schema
        self._validator = _validator(schema)

    def mistake(self, value: Any) -> str | None:
        """What is wrong with a value, and where; None if nothing is. Raises `SchemaProblem`."""
        from jsonschema.exceptions import best_match

        try:
            worst = best_match(self._validator.iter_errors(value))
        except Exception as error:  # a reference that leads nowhere, or a circle of them
            raise SchemaProblem(f"the schema cannot be used: {error!r:.{_LONGEST}}") from None
        if worst is None:
            return None
        place = worst.json_path.removeprefix("$").removeprefix(".")
        return f"{place}: {worst.message[:_LONGEST]}" if place else worst.message[:_LONGEST]


def _validator(schema: dict[str, Any]) -> Validator:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    if schema.get("type") != "object":
        raise SchemaProblem("the protocol asks for `type: object` at the top of the schema")
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        place = error.json_path.removeprefix("$").removeprefix(".")
        raise SchemaProblem(f"this is no JSON Schema: {place}: {error.message}") from None
    return kind(schema, registry=Registry())
