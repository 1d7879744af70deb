"""A model's reply as candidates: in one piece, or in the pieces of a stream."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Any

from evalkit.services.bodies import json_bytes, json_text
from evalkit.services.llm import tokens
from evalkit.services.llm.conversation import value_of
from evalkit.services.llm.delivery import Delivery, Piece
from evalkit.services.llm.logprobs import token_logprobs
from evalkit.services.llm.reply import Finish, ModelReply
from evalkit.wire import Usage

_REASONS = {
    Finish.STOP: "STOP",
    Finish.TOOL_CALLS: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.CONTENT_FILTER: "SAFETY",
}
_Said = tuple[int, dict[str, Any]]


def content(sent: Delivery) -> bytes:
    """The JSON of the reply."""
    candidates = []
    for index, reply in enumerate(sent.replies):
        parts = _joined([part for _, part in _parts(sent, index)])
        candidates.append(_candidate(sent, index, parts, reply, ends=True))
    return json_bytes({"candidates": candidates, **_rest(sent)})


def chunks(sent: Delivery) -> Iterator[Piece]:
    """The reply in chunks, each a whole JSON; the last of a candidate says why it ended."""
    said = [_chunks(sent, index) for index in range(len(sent.replies))]
    merged = heapq.merge(*said, key=lambda each: each[0]) if said[1:] else iter(said[0])
    rest, sse = json_text(_rest(sent))[1:], sent.asked.more["sse"]
    begun = False
    for at, candidate in merged:
        data = f'{{"candidates":[{json_text(candidate)}],{rest}'.encode()
        if sse:
            yield at, b"data: " + data + b"\r\n\r\n"
        else:
            yield at, (b"," if begun else b"[") + data + b"\n"
        begun = True
    if not sse:
        yield sent.tokens, b"]"


def _chunks(sent: Delivery, index: int) -> Iterator[tuple[int, dict[str, Any]]]:
    reply = sent.replies[index]
    said: list[tuple[int, dict[str, Any] | None]] = list(_parts(sent, index))
    said = said or [(reply.output_tokens(), None)]
    for number, (at, part) in enumerate(said):
        parts = [] if part is None else [part]
        yield at, _candidate(sent, index, parts, reply, ends=number == len(said) - 1)


def _candidate(
    sent: Delivery, index: int, parts: list[dict[str, Any]], reply: ModelReply, *, ends: bool
) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"parts": parts, "role": "model"}} if parts else {}
    made["index"] = index
    if not ends:
        return made
    made["finishReason"] = _reason(reply)
    if sent.asked.logprobs is not None and (entries := token_logprobs(sent, reply, reply.text)):
        made |= _logprobs(entries)
    return made


def _reason(reply: ModelReply) -> str:
    if _broken(reply):
        return "MALFORMED_FUNCTION_CALL"
    if reply.refusal is not None and reply.finish is Finish.STOP:
        return "SAFETY"
    return _REASONS[reply.finish]


def _broken(reply: ModelReply) -> bool:
    """Whether a call's arguments are no object: the API keeps such calls to itself."""
    return any(not isinstance(value_of(call.arguments), dict) for call in reply.calls)


def _parts(sent: Delivery, index: int) -> Iterator[_Said]:
    """The parts, a text in as many as it has tokens, each with its token."""
    reply = sent.replies[index]
    at = reply.reasoning_tokens()
    if reply.reasoning is not None and sent.asked.more["thoughts"]:
        begun = max(at - tokens.count(reply.reasoning), 0)
        for number, piece in enumerate(tokens.pieces(reply.reasoning), start=1):
            yield begun + number, {"text": piece, "thought": True}
    for piece in tokens.pieces((reply.text or "") + (reply.refusal or "")):
        at += 1
        yield at, {"text": piece}
    if _broken(reply):
        return
    for number, call in enumerate(reply.calls):
        at += tokens.count(call.name) + tokens.count(call.arguments)
        called = {
            "id": sent.stamp.call_id(number, index)[:16],
            "name": call.name,
            "args": value_of(call.arguments),
        }
        yield at, {"functionCall": called}


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts with the pieces of a text put together again."""
    joined: list[dict[str, Any]] = []
    for part in parts:
        last = joined[-1] if joined else {}
        if "text" in part and "text" in last and part.get("thought") == last.get("thought"):
            joined[-1] = {**last, "text": last["text"] + part["text"]}
        else:
            joined.append(part)
    return joined


def _rest(sent: Delivery) -> dict[str, Any]:
    return {
        "usageMetadata": usage_body(sent.usage),
        "modelVersion": sent.stamp.model,
        "responseId": sent.stamp.id("response")[:24],
    }


def usage_body(usage: Usage) -> dict[str, Any]:
    """Tokens, as the API reports them: what was thought is not the candidates'."""
    body: dict[str, Any] = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.input}],
    }
    if usage.cached:
        body["cachedContentTokenCount"] = usage.cached
    if usage.reasoning:
        body["thoughtsTokenCount"] = usage.reasoning
    return body


def _logprobs(entries: list[dict[str, Any]]) -> dict[str, Any]:
    chosen = [_logprob(each) for each in entries]
    top = [{"candidates": [_logprob(one) for one in each["top_logprobs"]]} for each in entries]
    total = math.fsum(each["logprob"] for each in entries)
    result = {"chosenCandidates": chosen, "topCandidates": top, "logProbabilitySum": total}
    return {"avgLogprobs": total / len(entries), "logprobsResult": result}


def _logprob(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "logProbability": entry["logprob"]}
