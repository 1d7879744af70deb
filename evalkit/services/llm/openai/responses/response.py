"""A model's reply as a response, in one piece."""

from __future__ import annotations

from typing import Any

from evalkit.services.llm.delivery import Delivery, Stamp
from evalkit.services.llm.logprobs import token_logprobs
from evalkit.services.llm.reply import Finish
from evalkit.wire import Usage

_INCOMPLETE = {Finish.LENGTH: "max_output_tokens", Finish.CONTENT_FILTER: "content_filter"}


def response_id(stamp: Stamp) -> str:
    """The id of a response."""
    return f"resp_{stamp.id('response')}"


def response(sent: Delivery) -> dict[str, Any]:
    """The response as it is when all was said."""
    reason = _INCOMPLETE.get(sent.reply.finish)
    return {
        **begun(sent),
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "completed_at": None if reason else sent.stamp.created,
        "output": output(sent),
        "usage": usage_body(sent.usage),
    }


def begun(sent: Delivery) -> dict[str, Any]:
    """The response as it is when it begins; it repeats what was asked."""
    body = sent.asked.more["body"]
    reasoning = body.get("reasoning") or {}
    return {
        "id": response_id(sent.stamp),
        "object": "response",
        "created_at": sent.stamp.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "model": sent.stamp.model,
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_logprobs": body.get("top_logprobs", 0),
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "usage": None,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }


def output(sent: Delivery) -> list[dict[str, Any]]:
    """The items that were said: reasoning, a message, calls."""
    reply, items = sent.reply, []
    if reply.reasoning_tokens():
        items.append(reasoning_item(sent))
    if reply.text is not None or reply.refusal is not None:
        items.append(message_item(sent))
    items += [call_item(sent, index) for index in range(len(reply.calls))]
    return items


def reasoning_item(sent: Delivery, *, done: bool = True) -> dict[str, Any]:
    """What was thought; a summary of it is told where it was asked for."""
    text = sent.reply.reasoning
    shown = done and text is not None and sent.asked.more["summary"]
    summary = [{"type": "summary_text", "text": text}] if shown else []
    return {"id": f"rs_{sent.stamp.id('reasoning')}", "type": "reasoning", "summary": summary}


def message_item(sent: Delivery, *, done: bool = True) -> dict[str, Any]:
    """The text or the refusal."""
    cut = sent.reply.finish in _INCOMPLETE
    status = "in_progress" if not done else "incomplete" if cut else "completed"
    return {
        "id": f"msg_{sent.stamp.id('message')}",
        "type": "message",
        "status": status,
        "content": [part(sent)] if done else [],
        "role": "assistant",
    }


def part(sent: Delivery, *, done: bool = True) -> dict[str, Any]:
    """The content of the message."""
    reply = sent.reply
    if reply.refusal is not None:
        return {"type": "refusal", "refusal": reply.refusal if done else ""}
    told = sent.asked.logprobs is not None and done
    return {
        "type": "output_text",
        "annotations": [],
        "logprobs": token_logprobs(sent, reply, reply.text) if told else [],
        "text": (reply.text or "") if done else "",
    }


def call_item(sent: Delivery, index: int, *, done: bool = True) -> dict[str, Any]:
    """One tool call."""
    call, stamp = sent.reply.calls[index], sent.stamp
    return {
        "id": f"fc_{stamp.id('call', index)}",
        "type": "function_call",
        "status": "completed" if done else "in_progress",
        "arguments": call.arguments if done else "",
        "call_id": f"call_{stamp.call_id(index)}",
        "name": call.name,
    }


def usage_body(usage: Usage) -> dict[str, Any]:
    """Tokens, as the API reports them."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
