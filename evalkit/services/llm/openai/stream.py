"""A model's reply as a stream of server-sent events, on an absolute schedule.

The first token goes out when the model's latency is over, the n-th n-1 token times later; waits are
differences of those due times, so that rounding does not add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm import tokens
from evalkit.services.llm.openai.completion import Delivery, Stamp, call_body, usage_json
from evalkit.services.llm.reply import ModelReply
from evalkit.wire import Head, Headers, Send, Step, Usage, Wait

DONE = b"data: [DONE]\n\n"


_HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


def streamed(delivery: Delivery) -> tuple[Headers, tuple[Step, ...]]:
    """The headers and steps of the stream."""
    reply = delivery.reply
    chunk = _Chunks(delivery.stamp, with_usage=delivery.include_usage)
    plan: list[Step] = [Wait(delivery.latency_ns), Head(), chunk.delta(_opening(reply))]
    due = spoken = 0
    for cost, delta in _deltas(reply, delivery.stamp):
        spoken += cost
        wait = delivery.speed.after(spoken - 1) - due
        if wait:
            plan.append(Wait(wait))
            due += wait
        plan.append(chunk.delta(delta))
    plan.append(chunk.end(reply.finish.value))
    if delivery.include_usage:
        plan.append(chunk.usage(delivery.usage))
    plan.append(Send(DONE))
    return _HEADERS, tuple(plan)


def _opening(reply: ModelReply) -> str:
    content = '""' if reply.text is not None else "null"
    return f'{{"role":"assistant","content":{content},"refusal":null}}'


def _deltas(reply: ModelReply, stamp: Stamp) -> Iterator[tuple[int, str]]:
    """What each chunk adds, as JSON, and how many tokens that is."""
    for key, text in (("content", reply.text), ("refusal", reply.refusal)):
        for piece in tokens.pieces(text or ""):
            yield 1, f'{{"{key}":{json_text(piece)}}}'
    for index, call in enumerate(reply.calls):
        begun = {"index": index, **call_body(stamp, index, call.name, "")}
        yield tokens.count(call.name), json_text({"tool_calls": [begun]})
        for piece in tokens.pieces(call.arguments):
            argument = json_text(piece)
            yield 1, f'{{"tool_calls":[{{"index":{index},"function":{{"arguments":{argument}}}}}]}}'


class _Chunks:
    """Writes chunks: all are the same but for the part that carries something."""

    def __init__(self, stamp: Stamp, *, with_usage: bool) -> None:
        head: dict[str, Any] = {
            "id": stamp.id,
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": stamp.model,
            "service_tier": "default",
            "system_fingerprint": stamp.fingerprint,
        }
        self._head = f"data: {json_text(head)[:-1]},"
        self._tail = (',"usage":null' if with_usage else "") + "}\n\n"

    def delta(self, delta: str, finish: str = "null") -> Send:
        choice = f'{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}'
        return Send(f'{self._head}"choices":[{choice}]{self._tail}'.encode())

    def end(self, reason: str) -> Send:
        return self.delta("{}", f'"{reason}"')

    def usage(self, usage: Usage) -> Send:
        body = usage_json(usage)
        return Send(f'{self._head}"choices":[],"usage":{body}}}\n\n'.encode())
