"""Values that fit a JSON Schema which came with a request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from evalkit.errors import SuiteError
from evalkit.keyed import Draw
from evalkit.services.bodies import json_text

__all__ = ["Unmade", "fitting"]


class Unmade(ValueError):
    """No value that fits can be made; the message says why."""


def fitting(schema: Mapping[str, Any], draw: Draw) -> Any:
    """A value that fits, the same for the same draw. Raises `Unmade`."""
    from evalkit.services.openapi import patterns

    generator, address = _generator(json_text(dict(schema) or {"type": "object"}))
    try:
        return generator.value(address, draw, "request")
    except patterns.Unmade as error:
        raise Unmade(str(error)) from None


@lru_cache(128)
def _generator(text: str) -> tuple[Any, str]:
    """What makes values of a schema, and the schema's address in it."""
    from evalkit.services.openapi.checking import Checker
    from evalkit.services.openapi.document import Document, Library, Node
    from evalkit.services.openapi.generate import Generator
    from evalkit.services.openapi.schemas import Schemas
    from evalkit.suite.source import Source

    try:
        document = Document(Path("tool.json"), Source.decoded(text.encode(), "tool.json"))
        schemas = Schemas(Library(), old=False)
        address = schemas.address(Node(document, (), document.value), "request")
    except SuiteError as error:
        raise Unmade(str(error)) from None
    schemas.check_cycles()
    if schemas.problems:
        raise Unmade(f"the schema is none: {schemas.problems[0].message}")
    return Generator(schemas, Checker(schemas)), address
