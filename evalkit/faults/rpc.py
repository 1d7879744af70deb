"""Finding and changing the JSON-RPC messages of a reply: what the faults of MCP have in common.

A reply holds one message as its JSON body, or one in each event of a stream, as a service sends it.
What holds none is left as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from evalkit.faults.steps import waits_before
from evalkit.wire import Head, Headers, Reply, Send, Step, Wait

Message: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[Message], object]
"""What a message becomes: another JSON value, or itself where nothing is to change."""

_DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)
_STREAM = ("content-type", "text/event-stream")


def is_response(message: Message) -> bool:
    """Whether it answers a request, rather than telling something on the way."""
    return "result" in message or "error" in message


def messages_of(reply: Reply) -> tuple[Message, ...]:
    """Every message that the plan would send."""
    found = (_message(step.data, reply) for step in reply.plan if isinstance(step, Send))
    return tuple(each for each in found if each is not None)


def response_of(reply: Reply) -> Message | None:
    """The response that the plan would send, if there is one."""
    return next((each for each in messages_of(reply) if is_response(each)), None)


def changed(reply: Reply, change: Change, fault: str) -> Reply:
    """The reply with its responses changed. What was changed bears the fault's name."""
    plan: list[Step] = []
    for step in reply.plan:
        message = _message(step.data, reply) if isinstance(step, Send) else None
        wanted = message if message is None or not is_response(message) else change(message)
        plan += [step] if wanted is message else _instead(step, _data(wanted, reply), fault)
    if plan == list(reply.plan):
        return reply
    return _with_length(replace(reply, plan=tuple(plan)))


def changed_result(
    reply: Reply, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], fault: str
) -> Reply:
    """The reply with its result changed; one that is an error stays as it is."""

    def message(given: Message) -> object:
        result = given.get("result")
        if not isinstance(result, Mapping):
            return given
        wanted = change(result)
        return given if wanted == result else {**given, "result": wanted}

    return changed(reply, message, fault)


def as_stream(reply: Reply) -> Reply:
    """The reply with its message as the event of a stream, if it is not one already."""
    if _is_stream(reply):
        return reply
    messages = messages_of(reply)
    steps = [Send(_event(each)) for each in messages]
    kept = tuple(
        each for each in reply.headers if each[0] not in ("content-type", "content-length")
    )
    return replace(
        reply,
        headers=(_STREAM, *kept),
        chunked=True,
        plan=(*waits_before(reply), Head(), *steps),
    )


def before_response(reply: Reply) -> tuple[Step, ...]:
    """The steps of a stream up to its response, waits included; all if there is none."""
    steps: list[Step] = []
    for step in reply.plan:
        message = _message(step.data, reply) if isinstance(step, Send) else None
        if message is not None and is_response(message):
            break
        steps.append(step)
    return tuple(steps)


def event_steps(pairs: Iterable[tuple[int, Message]], fault: str) -> tuple[Step, ...]:
    """Steps that send each message, so many nanoseconds after the one before."""
    steps: list[Step] = []
    for wait, message in pairs:
        steps += [Wait(wait, fault), Send(_event(message), fault)]
    return tuple(steps)


def error_message(id: object, code: int, text: str, data: object = None) -> Message:  # noqa: A002
    """An error as the response to the request of this id."""
    error: dict[str, object] = {"code": code, "message": text}
    if data is not None:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": id, "error": error}


def without_effects(reply: Reply) -> Reply:
    """The reply of a service that did nothing."""
    return replace(reply, effects=(), taken=())


def _instead(step: Step, data: bytes, fault: str) -> list[Step]:
    """Other bytes for a step. A fault that changed it before has come about with it, too."""
    before: list[Step] = [Send(b"", step.fault)] if step.fault is not None else []
    return [*before, Send(data, fault)]


def _message(data: bytes, reply: Reply) -> Message | None:
    if _is_stream(reply):
        found = _DATA.search(data)
        data = b"" if found is None else found[1]
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "jsonrpc" in value else None


def _data(value: object, reply: Reply) -> bytes:
    return _event(value) if _is_stream(reply) else _json(value)


def _event(value: object) -> bytes:
    return b"event: message\ndata: " + _json(value) + b"\n\n"


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a character, which only an escape can hold
        return json.dumps(value, separators=(",", ":")).encode()


def _is_stream(reply: Reply) -> bool:
    kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    return kind.startswith("text/event-stream")


def _with_length(reply: Reply) -> Reply:
    length = str(len(reply.body()))
    headers: Headers = tuple(
        (name, length if name == "content-length" else value) for name, value in reply.headers
    )
    return replace(reply, headers=headers)
