"""A request for a message, checked as the real API checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.services.bodies import BodyError, read_json
from evalkit.services.llm.anthropic.errors import RefusedError, at, one_of
from evalkit.services.llm.anthropic.fields import at_least, is_a, needed, number, optional
from evalkit.services.llm.anthropic.messages import MessageReader, begins_with_thought
from evalkit.services.llm.anthropic.tools import read_choice, read_tools, tool_tokens
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.conversation import Conversation, Format
from evalkit.services.llm.tokens import PER_CONVERSATION
from evalkit.wire import Request

_KEYS = frozenset(
    re.findall(
        r"\w+",
        """
        cache_control compaction container context_hint context_management diagnostics fallbacks
        image_transformations inference_geo max_tokens mcp_servers messages metadata model
        output_config output_format prefill service_tier speed stop_sequences stream system
        temperature thinking thread tool_choice tools top_k top_p user_profile_id
        """,
    )
)
_THINKING = ("enabled", "disabled", "adaptive")
_LEAST_BUDGET = 1024


def read_message(call: Call) -> Asked:
    """What a request for a message asks. Raises `RefusedError`."""
    body = read_object(call.request)
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise at(unknown[:100], "Extra inputs are not permitted")
    limit = needed(body, "max_tokens", int)
    at_least("max_tokens", limit, 1)
    asked = read_conversation(body, call, limit)
    number(body, "temperature", 0, 1)
    number(body, "top_p", 0, 1)
    return asked


def read_conversation(body: dict[str, Any], call: Call, limit: int | None) -> Asked:
    """What is asked, as far as it is about tokens. Raises `RefusedError`."""
    model = needed(body, "model", str)
    messages = needed(body, "messages", list)
    reader = MessageReader()
    reader.system(body.get("system"))
    reader.read(messages)
    tools = read_tools(body)
    choice = read_choice(body, tools)
    conversation = Conversation(
        model,
        reader.messages,
        tools,
        choice=choice,
        format=_format(body),
        headers=call.request.headers,
    )
    return Asked(
        conversation=conversation,
        input_tokens=reader.tokens + PER_CONVERSATION + tool_tokens(body),
        max_tokens=limit,
        stops=_stops(body),
        stream=bool(optional(body, "stream", bool)),
        reasons=_thinks(body, messages, limit, choice),
    )


def read_object(request: Request) -> dict[str, Any]:
    """The object that is the body. Raises `RefusedError`."""
    if not request.header("anthropic-version"):
        raise at("anthropic-version", "header is required")
    try:
        body = read_json(request.body)
    except BodyError as error:
        message = f"The request body is not valid JSON: {error.message}"
        raise RefusedError(message, status=error.status) from None
    if not isinstance(body, dict):
        raise RefusedError("Input should be a valid dictionary")
    return body


def _stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    stops = optional(body, "stop_sequences", list) or []
    for index, each in enumerate(stops):
        if not is_a(each, str):
            raise at(f"stop_sequences.{index}", "Input should be a valid string")
        if not each.strip():
            raise at("stop_sequences", "each stop sequence must contain non-whitespace")
    return tuple(stops)


def _format(body: Mapping[str, Any]) -> Format | None:
    config = optional(body, "output_config", dict) or {}
    wanted = optional(config, "format", dict, "output_config.")
    wanted = wanted or optional(body, "output_format", dict)
    if wanted is None:
        return None
    if wanted.get("type") != "json_schema":
        raise one_of("output_config.format.type", ("json_schema",))
    schema = needed(wanted, "schema", dict, "output_config.format.")
    return Format(str(schema.get("title") or "json_schema"), schema)


def _thinks(body: Mapping[str, Any], messages: list[Any], limit: int | None, choice: str) -> bool:
    """Whether the model thinks before it speaks. Raises `RefusedError`."""
    thinking = optional(body, "thinking", dict)
    if thinking is None:
        return False
    kind = thinking.get("type")
    if kind not in _THINKING:
        raise one_of("thinking.type", _THINKING)
    if kind == "disabled":
        return False
    if choice not in ("auto", "none"):
        raise RefusedError("Thinking may not be enabled when tool_choice forces tool use.")
    if kind == "enabled":
        _check_enabled(body, thinking, messages, limit)
    return True


def _check_enabled(
    body: Mapping[str, Any], thinking: Mapping[str, Any], messages: list[Any], limit: int | None
) -> None:
    budget = needed(thinking, "budget_tokens", int, "thinking.enabled.")
    at_least("thinking.enabled.budget_tokens", budget, _LEAST_BUDGET)
    if limit is not None and budget >= limit:
        raise RefusedError("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature") not in (None, 1):
        raise RefusedError("`temperature` may only be set to 1 when thinking is enabled.")
    place = _calling(messages)
    if place is not None and not begins_with_thought(messages[place]):
        raise RefusedError(
            f"messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            "found `tool_use`. When `thinking` is enabled, a final `assistant` message must start "
            "with a thinking block (preceding the lastmost set of `tool_use` and `tool_result` "
            "blocks)."
        )


def _calling(messages: list[Any]) -> int | None:
    """Where the last assistant's message is, if the results of its calls end the conversation."""
    content = messages[-1].get("content")
    if not isinstance(content, list) or not any(b.get("type") == "tool_result" for b in content):
        return None
    places = [at for at, each in enumerate(messages) if each.get("role") == "assistant"]
    return places[-1] if places else None
