"""`stall: true`, `stall: 120`, `stall: 5 tokens`: the reply stops and never goes on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import AtOnceOrAfter, break_off, break_off_at_once
from evalkit.keyed import Draw
from evalkit.wire import Reply, Stall


class StallReply(Fault):
    """The connection stays open and silent until the client gives up."""

    name: ClassVar[str] = "stall"
    bare: ClassVar[bool] = True

    stall: AtOnceOrAfter = Field(
        description="true: before the first byte; else after so many bytes of the body, or so "
        "many tokens or events of a stream: 120, 5 tokens, 3 events"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as far as it comes."""
        del draw
        end = Stall(self.name)
        if self.stall is True:
            return break_off_at_once(reply, end)
        return break_off(reply, self.stall, end)
