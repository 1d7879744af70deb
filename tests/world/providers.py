"""Mock model providers for tests, as small as their clients allow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from evalkit.wire import Head, Reply, Send, Step, Wait

EVENT_STREAM = (("content-type", "text/event-stream"),)


def chat(text: str = "Hello", *, calls: Sequence[tuple[str, Any]] = ()) -> Reply:
    """A chat completion of OpenAI's API."""
    message: dict[str, Any] = {"role": "assistant", "content": None if calls else text}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for number, (name, arguments) in enumerate(calls)
        ]
    reason = "tool_calls" if calls else "stop"
    return Reply.json(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }
    )


def chat_stream(words: Sequence[str], *, gap: int = 0, ends: bool = True) -> Reply:
    """A streamed chat completion, `gap` nanoseconds between its chunks."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "gpt-4o",
                "choices": [choice],
            }
        )

    chunks = [chunk({"role": "assistant", "content": word}) for word in words]
    return _stream([*chunks, chunk({}, "stop"), "[DONE]"] if ends else chunks, gap)


def response(text: str = "Hello", *, calls: Sequence[tuple[str, Any]] = ()) -> dict[str, Any]:
    """A response of OpenAI's Responses API."""
    output: list[dict[str, Any]] = [
        {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": f"call_{number}",
            "name": name,
            "arguments": json.dumps(arguments),
            "status": "completed",
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    if not calls:
        part = {"type": "output_text", "text": text, "annotations": []}
        output.append(
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
        )
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-4o",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 5,
        },
    }


def response_stream(words: Sequence[str], *, gap: int = 0) -> Reply:
    """A streamed response of the Responses API."""
    whole = response("".join(words))
    started = {**whole, "status": "in_progress", "output": [], "usage": None}
    item = whole["output"][0]
    part = item["content"][0]
    place = {"item_id": item["id"], "output_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {
            "type": "response.content_part.added",
            **place,
            "content_index": 0,
            "part": {**part, "text": ""},
        },
        *(
            {
                "type": "response.output_text.delta",
                **place,
                "content_index": 0,
                "delta": word,
                "logprobs": [],
            }
            for word in words
        ),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return _stream([json.dumps(event) for event in numbered], gap)


def message(text: str = "Hello") -> Reply:
    """A message of Anthropic's API."""
    return Reply.json(_message([{"type": "text", "text": text}], "end_turn"))


def message_stream(words: Sequence[str], *, gap: int = 0) -> Reply:
    """A streamed message."""
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": _message([], None)},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            }
            for word in words
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 2},
        },
        {"type": "message_stop"},
    ]
    return _stream([json.dumps(each) for each in events], gap, [each["type"] for each in events])


def _message(content: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }


def _stream(chunks: Iterable[str], gap: int, names: Sequence[str] = ()) -> Reply:
    plan: list[Step] = [Head()]
    for number, chunk in enumerate(chunks):
        if number and gap:
            plan.append(Wait(gap))
        event = f"event: {names[number]}\n" if names else ""
        plan.append(Send(f"{event}data: {chunk}\n\n".encode()))
    return Reply(headers=EVENT_STREAM, chunked=True, plan=tuple(plan))


def content(text: str = "Hello") -> Reply:
    """A response of Gemini's API."""
    return Reply.json(_content(text, "STOP"))


def content_stream(words: Sequence[str], *, gap: int = 0) -> Reply:
    """A streamed response."""
    reasons = [None] * (len(words) - 1) + ["STOP"]
    chunks = [_content(word, reason) for word, reason in zip(words, reasons, strict=True)]
    return _stream([json.dumps(each) for each in chunks], gap)


def _content(text: str, reason: str | None) -> dict[str, Any]:
    said = {"role": "model", "parts": [{"text": text}]}
    candidate = {"content": said, "index": 0, **({"finishReason": reason} if reason else {})}
    return {"candidates": [candidate], "usageMetadata": {"totalTokenCount": 5}}
