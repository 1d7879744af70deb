"""A model's reply as a chat completion, in one piece."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evalkit.keyed import digest_of
from evalkit.services.bodies import json_text
from evalkit.services.llm.reply import ModelReply
from evalkit.services.llm.speed import Speed
from evalkit.wire import Head, Headers, Send, Step, Usage, Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What marks one completion: its id, the ids of its calls, when it was made, by which model."""

    seed: str
    created: int
    model: str

    @property
    def id(self) -> str:
        """The id of the completion."""
        return f"chatcmpl-{self.seed[:29]}"

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the system that made it: the same for one model."""
        return _fingerprint(self.model)

    def call_id(self, index: int) -> str:
        """The id of its n-th tool call."""
        return f"call_{digest_of(self.seed, index).hex()[:24]}"


@lru_cache(256)
def _fingerprint(model: str) -> str:
    return f"fp_{digest_of('fingerprint', model).hex()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """All that a reply on the wire is made from. `tokens` are those it takes to say it."""

    reply: ModelReply
    stamp: Stamp
    usage: Usage
    speed: Speed
    latency_ns: int
    tokens: int
    include_usage: bool = False


def whole(delivery: Delivery) -> tuple[Headers, tuple[Step, ...]]:
    """The headers and steps of a reply in one piece: it goes out when its last token is there."""
    body = completion(delivery.reply, delivery.stamp, delivery.usage).encode()
    spoken = delivery.speed.after(max(delivery.tokens - 1, 0))
    headers = (("content-type", "application/json"), ("content-length", str(len(body))))
    return headers, (Wait(delivery.latency_ns + spoken), Head(), Send(body))


def completion(reply: ModelReply, stamp: Stamp, usage: Usage) -> str:
    """The JSON of the reply. Written by hand: little of it differs from one to the next."""
    return (
        f'{{"id":"{stamp.id}","object":"chat.completion","created":{stamp.created},'
        f'"model":{json_text(stamp.model)},"choices":[{{"index":0,"message":'
        f'{{"role":"assistant","content":{_text(reply.text)},'
        f'"refusal":{_text(reply.refusal)},"annotations":[]{_calls(reply, stamp)}}},'
        f'"logprobs":null,"finish_reason":"{reply.finish.value}"}}],'
        f'"usage":{usage_json(usage)},"service_tier":"default",'
        f'"system_fingerprint":"{stamp.fingerprint}"}}'
    )


def usage_json(usage: Usage) -> str:
    """Tokens, as the API reports them."""
    return (
        f'{{"prompt_tokens":{usage.input},"completion_tokens":{usage.output},'
        f'"total_tokens":{usage.input + usage.output},'
        '"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},'
        '"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,'
        '"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
    )


def call_body(stamp: Stamp, index: int, name: str, arguments: str) -> dict[str, Any]:
    """A tool call, as the API writes it."""
    function = {"name": name, "arguments": arguments}
    return {"id": stamp.call_id(index), "type": "function", "function": function}


def _text(text: str | None) -> str:
    return "null" if text is None else json_text(text)


def _calls(reply: ModelReply, stamp: Stamp) -> str:
    if not reply.calls:
        return ""
    calls = [
        call_body(stamp, index, call.name, call.arguments) for index, call in enumerate(reply.calls)
    ]
    return f',"tool_calls":{json_text(calls)}'
