"""`truncated: 50%`: only so much of the body comes, and nothing says that more was meant."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import with_body
from evalkit.keyed import Draw
from evalkit.units import Share
from evalkit.wire import Reply


class Truncated(Fault):
    """The reply is sound HTTP with half a body: its length says what is sent, not what was meant.

    `cut` is the other way to lose the end of a body: there the connection closes early.
    """

    name: ClassVar[str] = "truncated"

    truncated: Share = Field(description="How much of the body comes; 0% is an empty one")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with the beginning of its body; one without a body stays as it is."""
        del draw
        body = reply.body()
        if not body:
            return reply
        kept = min(int(len(body) * self.truncated), len(body) - 1)
        return with_body(reply, body[:kept], self.name)
