"""The definition of a model provider. Its fields are the YAML; each provider adds its name."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field

from evalkit.latency import Latency
from evalkit.services.llm.dialect import Mark
from evalkit.services.llm.limits import RateLimitPart, TokenCount
from evalkit.services.llm.pace import Pace
from evalkit.services.llm.recorded import RecordedUsagePart
from evalkit.services.quota.model import LimitsPart
from evalkit.suite.hosts import Host


def _key(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and value):
        return value
    raise ValueError("`require_key` is true, false, or the one key that is taken")


Key: TypeAlias = Annotated[bool | str, BeforeValidator(_key)]


class ProviderDefinition(LimitsPart):
    """One model provider. What its models say stands in a script, named by the suite."""

    service: str
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = Field(None, description="To the first token")
    tokens_per_second: Pace | None = Field(
        None, description="How fast the tokens after it follow; none says all at once"
    )
    stream_ends_with: tuple[Mark, ...] = Field(
        ("finish", "done"),
        description="What ends its streams: the reason why the model stopped, and the event after "
        "which no more comes. What is not named is not sent, as some gateways do; [] leaves the "
        "end of the body. A client that has the last of them has the whole reply",
    )
    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="The models it has; others are refused. None says any model"
    )
    require_key: Key = Field(True, description="Whether it wants a key, or the key it wants")
    context: TokenCount | None = Field(None, description="Tokens that a conversation may have")
    rate_limit: RateLimitPart | None = Field(None, description="What may be used in a window")
    usage: RecordedUsagePart | None = Field(
        None,
        description="Recorded tokens, drawn for each reply of which the script says none. Without, "
        "tokens are estimated",
    )
