"""The JSON Schemas of a suite file and of a price file, made from their models.

Of checks it knows no names: `evalkit.checks.schema` adds them, for the file that editors read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from evalkit.suite.model import Suite
from evalkit.suite.prices import PriceFile

SCHEMA_PATH = Path(__file__).with_name("schema.json")
"""Where the generated schema is kept, for `# yaml-language-server: $schema=`."""

PRICES_PATH = Path(__file__).with_name("prices.schema.json")
"""The same for price files."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class AsWritten(GenerateJsonSchema):
    """Shows defaults as they would be written: `2min`, not a number of nanoseconds."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema of a value that has a default."""
        made = super().default_schema(schema)
        if schema["schema"]["type"] in ("model", "definition-ref"):
            made.pop("default", None)  # the defaults of its keys stand at these
        serialization: Any = schema["schema"].get("serialization") or {}
        if serialization.get("type") == "function-plain":
            default = made.get("default")
            if default is not None and not isinstance(default, str):
                made["default"] = serialization["function"](default)
        return made


def suite_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a suite file."""
    schema = Suite.model_json_schema(by_alias=True, schema_generator=AsWritten)
    return {"$schema": _DRAFT, **schema, "title": "evalkit suite"}


def prices_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a price file in evalkit's own form.

    LiteLLM's form is fetched rather than written, and has no need of an editor.
    """
    schema = PriceFile.model_json_schema(by_alias=True, schema_generator=AsWritten)
    price = schema["$defs"]["PricePart"]
    # What the loader says of a price that has neither.
    price["anyOf"] = [{"required": ["input"]}, {"required": ["output"]}]
    return {"$schema": _DRAFT, **schema, "title": "evalkit prices"}
