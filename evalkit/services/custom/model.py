"""The definition of a Python class as a service. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from evalkit.latency import Latency
from evalkit.services.quota.model import LimitsPart
from evalkit.suite.hosts import Host
from evalkit.suite.parts import Flag


class PythonDefinition(LimitsPart):
    """One service that is a class, `evalkit.services.PythonService` or one that does the same."""

    service: Literal["python"]
    named: str = Field(alias="class", description="file.py:Name beside this file, or a package's")
    settings: Mapping[str, Any] = Field({}, alias="with", description="What it is made with")
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = Field(None, description="Before its reply")
    shared: Flag = Field(
        False, description="Whether all sessions share one object, and so one world"
    )
