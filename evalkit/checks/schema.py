"""The JSON Schema of a suite file with the settings of every check in it."""

from __future__ import annotations

import json
from typing import Any

from evalkit.checks.base import Check
from evalkit.checks.registry import CHECKS, NAMES, SETS
from evalkit.suite.checks import REMOVES, entry_schema
from evalkit.suite.schema import AsWritten, suite_schema

_OWN = r"^[^:\s]+:[^:\s]+$"
"""A class of the user's: `checks.py:Name`."""


def whole_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a suite file, in which checks are known by name."""
    schema = suite_schema()
    parts = schema["$defs"]
    parts["Check"] = _entry(parts)
    for holder in (schema, parts["Scenario"]):
        holder["properties"]["checks"]["items"] = {"$ref": "#/$defs/Check"}
    return schema


def schema_text(schema: dict[str, Any] | None = None) -> str:
    """A schema as it stands in its file; that of suites if no other is given."""
    return json.dumps(schema or whole_schema(), indent=2, ensure_ascii=False) + "\n"


def _entry(parts: dict[str, Any]) -> dict[str, Any]:
    """The schema of an entry of `checks:`. What the settings are made of is added to `parts`."""
    bare = [*SETS, *(name for name, check in CHECKS.items() if not check.needs())]
    named = {"enum": [*bare, *(f"{REMOVES}{each}" for each in NAMES)]}
    name = {"anyOf": [named, {"type": "string", "pattern": _OWN}]}
    settings = {
        "properties": {
            name: _settings(check, parts) for name, check in CHECKS.items() if check.Settings
        },
        "patternProperties": {_OWN: {"type": "object"}},
        "additionalProperties": False,
    }
    return entry_schema(name, settings)


def _settings(check: type[Check], parts: dict[str, Any]) -> dict[str, Any]:
    assert check.Settings is not None
    schema = check.Settings.model_json_schema(
        by_alias=True,
        schema_generator=AsWritten,
        ref_template=f"#/$defs/{check.name}.{{model}}",
    )
    inner = schema.pop("$defs", {})
    parts.update({f"{check.name}.{name}": part for name, part in inner.items()})
    return {**schema, "title": check.name, "description": check.about}
