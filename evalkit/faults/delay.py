"""`delay: 8s`: the reply begins later."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Reply


class Delay(Fault):
    """The reply begins this much later, give or take the jitter."""

    name: ClassVar[str] = "delay"
    follows: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    delay: Duration = Field(description="How much later the reply begins")
    jitter: Duration = Field(
        "0s",
        validate_default=True,
        description="Up to so much more or less, drawn by call identity",
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, later."""
        drift = round(draw.uniform(-self.jitter, self.jitter, "jitter")) if self.jitter else 0
        return reply.after(max(0, self.delay + drift), self.name)
