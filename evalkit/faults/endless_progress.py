"""`endless_progress: 1s`: a tool that is always nearly done."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import as_stream, before_response, event_steps, messages_of, response_of
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Head, Reply, Stall, Step


class EndlessProgress(Fault):
    """Instead of the JSON-RPC response come notifications of progress, one after another.

    Each keeps alive the timers of clients that count from the last byte. The notifications name the
    token of the request where it is known from others in the reply, and else the id of the
    request, which is what most clients use as the token.
    """

    name: ClassVar[str] = "endless_progress"

    endless_progress: Annotated[Duration, Field(ge=1_000_000)] = Field(
        description="The time between two notifications, 1ms or more"
    )
    count: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        1000, description="How many there are before the stream falls silent"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as a stream of progress."""
        del draw
        response = response_of(reply)
        if response is None or reply.status != 200:
            return reply
        token = _token(reply, response.get("id"))
        streamed = as_stream(reply)
        before: tuple[Step, ...] = before_response(streamed)
        if not any(isinstance(step, Head) for step in before):
            before = (*before, Head(self.name))
        pairs = ((self.endless_progress, _progress(token, each)) for each in range(self.count))
        progress = event_steps(pairs, self.name)
        return replace(streamed, plan=(*before, *progress, Stall(self.name)))


def _token(reply: Reply, id: object) -> object:  # noqa: A002 - JSON-RPC's name
    for message in messages_of(reply):
        params = message.get("params")
        if isinstance(params, dict) and "progressToken" in params:
            return params["progressToken"]
    return id


def _progress(token: object, step: int) -> dict[str, Any]:
    """Always some way to go: it creeps towards 100 and never gets there."""
    progress = round(100 - 100 / (step + 2), 6)
    params = {"progressToken": token, "progress": progress, "total": 100}
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
