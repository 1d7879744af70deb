"""Answers as HTTP replies: JSON or event streams, on an absolute schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.services.bodies import json_bytes
from evalkit.services.mcp.answers import Answer, Notice
from evalkit.services.mcp.rpc import Message, RpcError
from evalkit.wire import Head, Headers, Reply, Send, Stall, Step, Wait

_STREAM = (("content-type", "text/event-stream"), ("cache-control", "no-cache, no-transform"))
_JSON = "application/json"


def accepted() -> Reply:
    """What a notification or a client's response is answered with."""
    return Reply(status=202, headers=(("content-length", "0"),), plan=(Head(),))


def refused(error: RpcError, message: Message | None, headers: Headers = ()) -> Reply:
    """An error of the transport: there is no answer."""
    body = json_bytes(error.body(None if message is None else message.id))
    return Reply.whole(body, status=error.status, content_type=_JSON, headers=headers)


def delivered(answer: Answer, message: Message, *, stream: bool, headers: Headers) -> Reply:
    """The reply to a request: as a stream where that is wanted or needed."""
    status = 200 if answer.error is None else answer.error.status
    if status != 200 or not (stream or answer.notices or answer.stays_open):
        body = json_bytes(answer.body(message))
        reply = Reply.whole(body, status=status, content_type=_JSON, headers=headers)
        return reply.after(answer.latency or 0)
    if answer.stays_open:
        return opened(answer, headers)
    last = (answer.latency or 0, answer.body(message))
    return _stream([*answer.notices, last], headers)


def opened(answer: Answer, headers: Headers) -> Reply:
    """A stream that the client ends, not the server."""
    return _stream(answer.notices, headers, stays_open=True)


def event(body: Mapping[str, Any]) -> bytes:
    """One message as an event of a stream."""
    return b"event: message\ndata: " + json_bytes(body) + b"\n\n"


def _stream(notices: Iterable[Notice], headers: Headers, *, stays_open: bool = False) -> Reply:
    """Each message when it is due. The head goes out with the first, and at once where a stream
    stays open: its client waits for that.
    """
    plan: list[Step] = [Head()] if stays_open else []
    now = 0
    for due, body in notices:
        if due > now:
            plan.append(Wait(due - now))
            now = due
        if not any(isinstance(step, Head) for step in plan[:2]):
            plan.append(Head())
        plan.append(Send(event(body)))
    if stays_open:
        plan.append(Stall())
    return Reply(
        headers=(*_STREAM, *headers), chunked=True, plan=tuple(plan), stays_open=stays_open
    )
