"""The definition of a service made from an OpenAPI document. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from evalkit.latency import Latency
from evalkit.services.auth.model import AuthPart
from evalkit.services.jobs.model import JobPart
from evalkit.services.queues.model import AnyQueue
from evalkit.services.quota.model import LimitsPart
from evalkit.services.rest.model import RoutePart
from evalkit.services.state.model import StorePart
from evalkit.suite.hosts import Host
from evalkit.suite.parts import Flag


class OperationPart(RoutePart):
    """What one operation does beside what its contract says. Without a reply the contract's."""

    example: str | None = Field(None, description="The example of the contract that is replied")

    @model_validator(mode="after")
    def _some_reply(self) -> OperationPart:
        """A contract gives the reply where none is written."""
        if self.reply is not None and self.replies:
            raise ValueError("an operation has either `reply` or `replies`")
        if self.example is not None and (self.reply or self.replies or self.makes_reply):
            raise ValueError("`example` names a reply of the contract; then there is no other")
        return self


class OpenApiDefinition(LimitsPart):
    """One service whose contract is an OpenAPI document (3.0 or 3.1)."""

    service: Literal["openapi"]
    document: str = Field(description="Path of the OpenAPI document, beside this file")
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers; else the document's")
    latency: Latency | None = None
    strict: Flag = Field(True, description="Whether requests that break the contract are refused")
    stores: Mapping[str, StorePart] = Field({}, description="What it remembers, by name")
    jobs: Mapping[str, JobPart] = Field({}, description="What operations start, by name")
    queues: Mapping[str, AnyQueue] = Field(
        {}, description="Tasks for people, or messages for whoever takes them, by name"
    )
    auth: AuthPart | None = Field(
        None,
        description="Which credentials are good, for operations whose `security` asks for one; "
        "else any are taken",
    )
    operations: Mapping[str, OperationPart] = Field(
        {}, description="By operationId or METHOD /path: what differs from the contract"
    )
