"""The parts of a suite that are about agents outside: served somewhere, or started as a process."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator
from pydantic import GetJsonSchemaHandler as Handler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalkit.suite.parts import PATH, JsonPath, Part
from evalkit.units import SECOND, Duration

PORT = re.compile(r"\{\{\s*port\s*\}\}")
"""Stands for a free port in what starts an agent and in its URL."""


def _words(value: Any) -> Any:
    """A command line as its words, split as a shell would, without being run by one."""
    if not isinstance(value, str):
        return value
    try:
        words = shlex.split(PORT.sub("{{port}}", value))
    except ValueError as error:
        raise ValueError(f"this is no command: {error}") from None
    return words


class _OrText:
    """Adds the command as one text to the JSON Schema."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}


CommandLine: TypeAlias = Annotated[
    tuple[str, ...], Field(min_length=1), BeforeValidator(_words), _OrText()
]
"""A command: its words, or one text that is split into them."""


class HttpAgent(Part):
    """An agent that is served over HTTP. `{{ port }}` in `url` and `start` is a free port."""

    url: str = Field(description="Its base URL, like http://127.0.0.1:{{ port }}")
    start: CommandLine | None = Field(
        None, description="What starts it, in the suite's folder; else it is there already"
    )
    ready: str | None = Field(
        None, pattern=PATH, description="The path that answers 2xx once it is up; else its port"
    )
    within: Duration = Field(30 * SECOND, description="How long it may take to come up")

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(PORT.sub("1", value))
        try:
            good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment:
            raise ValueError(
                f'"{value}" is no base URL; allowed: one like http://127.0.0.1:8000 or '
                "http://127.0.0.1:{{ port }}/api"
            )
        return value


class Correlate(Part):
    """Where a request to the service names the session that it is of, if nothing else tells."""

    at: JsonPath = Field(
        description="In the request: {method, path, query, headers, json}; the last match counts"
    )
    var: str | None = Field(
        None, description="The session variable that stands there; else it is the session's id"
    )


def spelled_out(value: Any) -> Any:
    """A JSONPath alone is where the session's id stands."""
    return {"at": value} if isinstance(value, str) else value
