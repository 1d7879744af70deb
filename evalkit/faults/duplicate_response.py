"""`duplicate_response: true`: the same response comes twice."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import as_stream, event_steps, response_of
from evalkit.keyed import Draw
from evalkit.wire import Reply


class DuplicateResponse(Fault):
    """A JSON-RPC response is sent twice in one event stream."""

    name: ClassVar[str] = "duplicate_response"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    duplicate_response: Literal[True] = Field(description="The response comes twice")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as a stream with its response once more at the end."""
        del draw
        response = response_of(reply)
        if response is None or reply.status != 200:
            return reply
        streamed = as_stream(reply)
        again = event_steps([(0, response)], self.name)
        return replace(streamed, plan=(*streamed.plan, *again))
