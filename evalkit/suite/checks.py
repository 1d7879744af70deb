"""How a suite names the checks that look for mistakes of its agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import GetJsonSchemaHandler as Handler
from pydantic import PlainSerializer, PlainValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalkit.suite.parts import mistake

REMOVES = "-"
"""What stands before the name of a check that is not to be looked for."""


@dataclass(frozen=True, slots=True)
class CheckUse:
    """One entry of `checks:`: a check, a set of them, or (`removed`) one that is left out.

    `settings` are as they were written; None where there are none.
    """

    name: str
    settings: Mapping[str, Any] | None = None
    removed: bool = False

    @property
    def own(self) -> bool:
        """Whether it is a class of the user's: `checks.py:Name`."""
        return ":" in self.name


def _parsed(value: Any) -> CheckUse:
    if isinstance(value, CheckUse):
        return value
    if isinstance(value, str):
        name = value.removeprefix(REMOVES).strip()
        if not name:
            raise mistake("this names no check")
        return CheckUse(name, removed=value.startswith(REMOVES))
    if not isinstance(value, Mapping):
        raise mistake("a check is written as its name, or as {NAME: {SETTING: VALUE}}")
    if len(value) != 1:
        raise mistake(_several(value))
    name, settings = next(iter(value.items()))
    if name.startswith(REMOVES):
        raise mistake("a check that is left out has no settings", name)
    if settings is None:
        raise mistake(f"no settings are given; write {name} alone to have the defaults", name)
    if not isinstance(settings, Mapping):
        raise mistake("the settings of a check are a mapping", name)
    return CheckUse(name, settings)


def _several(value: Mapping[Any, Any]) -> str:
    """What is wrong with a mapping of no key or several: often an indent that is missing."""
    if not value:
        return "this names no check"
    first = next(iter(value))
    if value[first] is None:
        return f"the settings of {first} stand beside it; indent them further than its name"
    return "an entry names one check; begin the next with a hyphen of its own"


def _written(use: CheckUse) -> Any:
    if use.settings is not None:
        return {use.name: dict(use.settings)}
    return f"{REMOVES}{use.name}" if use.removed else use.name


class _Schema:
    """The JSON Schema of an entry; of the names of checks `evalkit.checks.schema` knows."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        del core, handler
        return entry_schema({"type": "string", "minLength": 1}, {"additionalProperties": True})


def entry_schema(name: JsonSchemaValue, settings: JsonSchemaValue) -> JsonSchemaValue:
    """The JSON Schema of an entry: a name alone, or a mapping of one name to its settings."""
    one = {"type": "object", "minProperties": 1, "maxProperties": 1, **settings}
    return {"anyOf": [name, one]}


AnyCheck: TypeAlias = Annotated[
    CheckUse, PlainValidator(_parsed), PlainSerializer(_written), _Schema()
]
STANDARD = (CheckUse("standard"),)
