"""The definition of an ASGI application as a service. Its fields are the YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from evalkit.latency import Latency
from evalkit.services.quota.model import LimitsPart
from evalkit.services.rest.routing import parse_route
from evalkit.suite.hosts import Host
from evalkit.suite.parts import Flag


def _route(text: str) -> str:
    parse_route(text)
    return text


class AsgiDefinition(LimitsPart):
    """One service that is an ASGI application, run inside the world."""

    service: Literal["asgi"]
    app: str = Field(description="file.py:app beside this file, or package.module:app")
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = Field(None, description="Before the application has the request")
    operations: tuple[Annotated[str, AfterValidator(_route)], ...] = Field(
        (), description="METHOD /path/{parameter}: what its operations are called where it has none"
    )
    shared: Flag = Field(
        False, description="Whether all sessions share one application, and so one world"
    )
