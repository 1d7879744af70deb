"""`slow_close: 5s`: the body is all there, and its end is not."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import without
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Reply, Wait


class SlowClose(Fault):
    """The body has no length, so that only the end of the connection ends it, and that comes this
    much later. A client that waits for the end waits; one that looks at what it has need not.
    """

    name: ClassVar[str] = "slow_close"
    breaks: ClassVar[bool] = False

    slow_close: Duration = Field(description="How much later the connection is closed")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with a late end; one without a body stays as it is."""
        del draw
        if not reply.body():
            return reply
        headers = without(reply.headers, "content-length")
        late = Wait(self.slow_close, self.name)
        return replace(reply, headers=headers, chunked=False, plan=(*reply.plan, late))
