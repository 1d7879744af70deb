"""How much a service takes, as its definition says it. The fields are the YAML.

quota: {requests: 100, per: 1min}            a fixed window
quota: {tokens: 10000, per: 1min}            tokens of a model, read and written
quota: {burst: 20, refill: 10/s}             a token bucket
quota: {concurrent: 5}                       so many at once
quota: {requests: 9, per: 1s, each: client}  to every client as many
capacity: {servers: 4, service: 50ms}        a queue before so many servers
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from evalkit.latency import Latency
from evalkit.services.quota.clients import EACH, Each
from evalkit.suite.parts import Count, Natural, OneOrMany, Part
from evalkit.units import Duration, Rate

Refusal: TypeAlias = Literal[429, 503]


def _above_zero(value: float) -> float:
    if value > 0:
        return value
    raise ValueError("this is above zero, or nothing would ever be let through")


class QuotaPart(Part):
    """One limit; a request beyond it is refused, and told when to come again."""

    requests: Count | None = Field(None, description="Requests in a window of `per`")
    tokens: Count | None = Field(
        None, description="Tokens in a window of `per`, read and written, of a model"
    )
    per: Annotated[Duration, AfterValidator(_above_zero)] | None = Field(
        None, description="The window; it begins at whole multiples of its length, as a minute does"
    )
    burst: Count | None = Field(None, description="Requests that a full bucket lets through")
    refill: Annotated[Rate, AfterValidator(_above_zero)] | None = Field(
        None, description="How fast the bucket fills"
    )
    concurrent: Count | None = Field(None, description="Requests under way at once")
    each: Each | None = Field(None, description=EACH)
    at: str = Field("*", description="A glob of the operations that count and are counted")
    status: Refusal = Field(429, description="What a request beyond it is answered")

    @model_validator(mode="after")
    def _one_kind(self) -> QuotaPart:
        counted = "tokens" if self.tokens is not None else "requests"
        kinds = [(counted, "per"), ("burst", "refill"), ("concurrent",)]
        given = [[name for name in kind if getattr(self, name) is not None] for kind in kinds]
        whole = [names == list(kind) for names, kind in zip(given, kinds, strict=True)]
        both = self.tokens is not None and self.requests is not None
        if sum(map(bool, given)) != 1 or sum(whole) != 1 or both:
            raise ValueError(
                "a quota has `requests` and `per`, or `tokens` and `per`, or `burst` and `refill`, "
                "or `concurrent`"
            )
        return self


class CapacityPart(Part):
    """Servers that work off a queue, first come first served: latency grows with load."""

    servers: Count = Field(description="Requests that are worked on at once")
    service: Latency | None = Field(
        None, description="How long one is worked on, beside its latency; default: its latency"
    )
    queue: Natural | None = Field(None, description="How many may wait; default: any number")
    status: Refusal = Field(503, description="What a request beyond the queue is answered")


class LimitsPart(Part):
    """What the definition of any service may say about how much it takes."""

    quota: OneOrMany[QuotaPart] = Field((), description="Limits, beyond which it refuses")
    capacity: CapacityPart | None = Field(None, description="How many requests it works on at once")

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self.quota) or self.capacity is not None
