"""The definition of an OpenAI service. Its fields are the YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evalkit.services.hosts import Host
from evalkit.services.latency import Latency
from evalkit.suite.parts import Part


class OpenAIDefinition(Part):
    """One OpenAI service. What its model says stands in a script, named by the suite."""

    service: Literal["openai"]
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = Field(None, description="To the first token")
    tokens_per_second: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = Field(
        None, description="How fast the tokens after it follow; none says all at once"
    )
    models: tuple[str, ...] = Field(("gpt-4o", "gpt-4o-mini"), description="What GET /models lists")
