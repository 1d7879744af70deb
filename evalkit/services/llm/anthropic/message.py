"""A model's reply as a message, in one piece."""

from __future__ import annotations

import base64
from typing import Any

from evalkit.services.bodies import json_bytes
from evalkit.services.llm.conversation import value_of
from evalkit.services.llm.delivery import Delivery, Stamp
from evalkit.services.llm.reply import Finish, ModelReply, ToolCall
from evalkit.wire import Usage

_REASONS = {
    Finish.STOP: "end_turn",
    Finish.TOOL_CALLS: "tool_use",
    Finish.LENGTH: "max_tokens",
    Finish.CONTENT_FILTER: "refusal",
}


def message(sent: Delivery) -> bytes:
    """The JSON of the message."""
    return json_bytes(
        {
            **opening(sent),
            "content": _content(sent),
            **ending(sent.reply),
            "usage": usage_body(sent.usage),
        }
    )


def opening(sent: Delivery) -> dict[str, Any]:
    """How a message begins, before anything is said."""
    return {
        "id": f"msg_{sent.stamp.id('message')[:24]}",
        "type": "message",
        "role": "assistant",
        "model": sent.stamp.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def ending(reply: ModelReply) -> dict[str, Any]:
    """Why it ends."""
    reason = _REASONS[reply.finish]
    if reply.stopped_by is not None:
        reason = "stop_sequence"
    elif reply.refusal is not None and reply.finish is Finish.STOP:
        reason = "refusal"
    elif reply.finish is Finish.TOOL_CALLS and not reply.calls:
        reason = "end_turn"
    ended: dict[str, Any] = {"stop_reason": reason, "stop_sequence": reply.stopped_by}
    if reason == "refusal":
        ended["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return ended


def said(reply: ModelReply) -> str | None:
    """The text of a reply, be it a refusal's."""
    return reply.text if reply.refusal is None else reply.refusal


def call_id(stamp: Stamp, index: int) -> str:
    """The id of its n-th tool call."""
    return f"toolu_{stamp.call_id(index)}"


def signature(stamp: Stamp) -> str:
    """What a thinking block is signed with."""
    return base64.b64encode(stamp.id("signature").encode()).decode()


def arguments_of(call: ToolCall) -> Any:
    """The arguments as a value, which is what the API gives; broken ones stay text."""
    return value_of(call.arguments)


def usage_body(usage: Usage) -> dict[str, Any]:
    """Tokens, as the API reports them: its input is what no cache had."""
    return {
        "input_tokens": usage.input - usage.cached - usage.cache_write,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    }


def _content(sent: Delivery) -> list[dict[str, Any]]:
    reply, stamp = sent.reply, sent.stamp
    blocks: list[dict[str, Any]] = []
    if reply.reasoning is not None:
        blocks.append(
            {"type": "thinking", "thinking": reply.reasoning, "signature": signature(stamp)}
        )
    if text := said(reply):
        blocks.append({"type": "text", "text": text})
    for index, call in enumerate(reply.calls):
        blocks.append(
            {
                "type": "tool_use",
                "id": call_id(stamp, index),
                "name": call.name,
                "input": arguments_of(call),
            }
        )
    return blocks
