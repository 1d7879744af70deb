"""`reset: true`, `reset: 120`, `reset: 5 tokens`: the connection breaks (RST)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import AtOnceOrAfter, break_off, break_off_at_once
from evalkit.keyed import Draw
from evalkit.wire import Reply, Reset


class ResetConnection(Fault):
    """The connection breaks before any byte, or within its body.

    The service has taken the request on: what it commits is committed, and only the reply is lost.
    """

    name: ClassVar[str] = "reset"
    bare: ClassVar[bool] = True

    reset: AtOnceOrAfter = Field(
        description="true: before any byte; else after so many bytes of the body, or so many "
        "tokens or events of a stream: 120, 5 tokens, 3 events"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as far as it comes."""
        del draw
        end = Reset(self.name)
        if self.reset is True:
            return break_off_at_once(reply, end)
        return break_off(reply, self.reset, end)
