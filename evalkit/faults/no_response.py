"""`no_response: true`: an event stream that ends without the response."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import as_stream, before_response, response_of
from evalkit.keyed import Draw
from evalkit.wire import Cut, Head, Reply, Reset, Send, Stall, Step


class NoResponse(Fault):
    """An event stream never gets to its JSON-RPC response, though the service did what was asked.

    true or end: it ends in order; cut: the connection is closed within it; reset: it breaks; stall:
    it stays open and silent.
    """

    name: ClassVar[str] = "no_response"
    bare: ClassVar[bool] = True

    no_response: Literal[True, "end", "cut", "reset", "stall"] = Field(
        description="true or end, cut, reset, stall: what comes in place of the response"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as a stream, without its response."""
        del draw
        if response_of(reply) is None or reply.status != 200:
            return reply
        streamed = as_stream(reply)
        before = before_response(streamed)
        if not any(isinstance(step, Head) for step in before):
            before = (*before, Head(self.name))
        return replace(streamed, plan=(*before, self._instead()))

    def _instead(self) -> Step:
        ends: dict[object, Step] = {
            "cut": Cut(self.name),
            "reset": Reset(self.name),
            "stall": Stall(self.name),
        }
        return ends.get(self.no_response, Send(b": end\n\n", self.name))
