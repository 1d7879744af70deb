"""`cut: 120`, `cut: 5 tokens`: the reply ends in mid-body."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import without
from evalkit.faults.steps import After, break_off
from evalkit.keyed import Draw
from evalkit.wire import Cut, Reply


class CutBody(Fault):
    """The connection is closed in order (FIN) within the body. Where only the end of the connection
    is the end of the body, nothing tells the client that it is not.
    """

    name: ClassVar[str] = "cut"

    cut: After = Field(
        description="What still goes out: bytes of the body, or tokens or events of a stream: 120, "
        "5 tokens, 3 events"
    )
    unframed: Annotated[bool, Field(strict=True)] = Field(
        False, description="Send the body with neither length nor chunks, as HTTP/1.0 does"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as far as it comes; its length or framing stays unless it goes unframed."""
        del draw
        broken = break_off(reply, self.cut, Cut(self.name))
        if broken is reply or not self.unframed:
            return broken
        return replace(broken, headers=without(reply.headers, "content-length"), chunked=False)
