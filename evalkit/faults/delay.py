"""`delay: 8s`: the reply begins later."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Discriminator, Field, Tag

from evalkit.faults.base import Fault
from evalkit.faults.growth import GrowingDuration, kind_of
from evalkit.keyed import Draw
from evalkit.latency import Fixed, Latency
from evalkit.units import Duration
from evalkit.wire import Reply


class Delay(Fault):
    """The reply begins this much later, give or take the jitter."""

    name: ClassVar[str] = "delay"
    follows: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    delay: Annotated[
        Annotated[GrowingDuration, Tag("growing")] | Annotated[Latency, Tag("size")],
        Discriminator(kind_of),
    ] = Field(
        description="How much later the reply begins: 8s; a model as of a service's latency, like "
        "{median: 2s, p99: 9s}; or one that grows, {from: 0s, to: 8s, over: 10min} or over: "
        "50 calls"
    )
    jitter: Duration = Field(
        "0s",
        validate_default=True,
        description="Up to so much more or less, drawn by call identity",
    )

    def grown(self, at: int, call: int) -> Delay:
        """The delay as long as it is by then."""
        if not isinstance(self.delay, GrowingDuration):
            return self
        fixed = Fixed.model_construct(fixed=self.delay.size(at, call))
        return self.model_copy(update={"delay": fixed})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, later."""
        delay = self.delay
        length = delay.size(0, 1) if isinstance(delay, GrowingDuration) else delay.sample(draw)
        drift = round(draw.uniform(-self.jitter, self.jitter, "jitter")) if self.jitter else 0
        return reply.after(max(0, length + drift), self.name)
