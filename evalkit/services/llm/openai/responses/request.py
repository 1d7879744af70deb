"""A request for a response, checked as the real API checks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.conversation import Conversation, Format, Message, Tool
from evalkit.services.llm.openai.errors import RefusedError, missing, wrong_type, wrong_value
from evalkit.services.llm.openai.options import check_numbers, named_format
from evalkit.services.llm.openai.request import read_model, read_object
from evalkit.services.llm.openai.responses.items import ItemReader
from evalkit.services.llm.openai.responses.kept import Shelf
from evalkit.services.llm.openai.tools import described_tool, read_choice, tool_tokens
from evalkit.services.llm.tokens import PER_CONVERSATION

_RANGES = {"temperature": (0, 2), "top_p": (0, 1)}
_WHOLE = {"max_output_tokens": (16, None), "top_logprobs": (0, 20)}
_FORMATS = ("json_object", "json_schema", "text")
_LOGPROBS = "message.output_text.logprobs"
_NOT_HERE = ("conversation", "background", "prompt")


def read_response(call: Call, shelf: Shelf) -> Asked:
    """What a request for a response asks. Raises `RefusedError`."""
    body = read_object(call.request)
    model = read_model(body)
    for key in _NOT_HERE:
        if body.get(key):
            raise RefusedError(f"The mock does not take '{key}'.", param=key)
    reader = ItemReader()
    if instructions := _optional(body, "instructions", str, "a string"):
        reader.system(instructions)
    items = (*_before(body, shelf), *_input(body))
    reader.read(items)
    tools = _tools(body)
    choice = read_choice(body, tools)
    check_numbers(body, _RANGES, _WHOLE)
    form = _format(body, reader.messages)
    reasoning = _optional(body, "reasoning", dict, "an object") or {}
    include = _optional(body, "include", list, "an array of strings") or []
    return Asked(
        conversation=Conversation(
            model, reader.messages, tools, choice=choice, format=form, headers=call.request.headers
        ),
        input_tokens=reader.tokens + PER_CONVERSATION + tool_tokens(body),
        max_tokens=body.get("max_output_tokens"),
        stream=bool(_optional(body, "stream", bool, "a boolean")),
        reserves=False,
        logprobs=(body.get("top_logprobs") or 0) if _LOGPROBS in include else None,
        more={"body": body, "items": items, "summary": bool(reasoning.get("summary"))},
    )


def _before(body: Mapping[str, Any], shelf: Shelf) -> tuple[Any, ...]:
    previous = _optional(body, "previous_response_id", str, "a string")
    return () if previous is None else shelf.before(previous)


def _input(body: Mapping[str, Any]) -> list[Any]:
    given = body.get("input")
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong_type("input", "one of a string or array of objects", given)
    return given


def _tools(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = _optional(body, "tools", list, "an array of objects") or []
    return tuple(_tool(f"tools[{at}]", tool) for at, tool in enumerate(tools))


def _tool(param: str, tool: Any) -> Tool:
    if not isinstance(tool, dict):
        raise wrong_type(param, "an object", tool)
    kind = tool.get("type")
    if not isinstance(kind, str):
        raise missing(f"{param}.type") if kind is None else wrong_type(param, "a string", kind)
    return described_tool(param, tool) if kind in ("function", "custom") else Tool(kind)


def _format(body: Mapping[str, Any], messages: Iterable[Message]) -> Format | None:
    text = _optional(body, "text", dict, "an object") or {}
    wanted = text.get("format")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise wrong_type("text.format", "an object", wanted)
    kind = wanted.get("type")
    if kind not in _FORMATS:
        raise wrong_value("text.format.type", kind, _FORMATS)
    if kind == "json_schema":
        return named_format("text.format", wanted)
    if kind == "text":
        return None
    if not any("json" in each.text.lower() for each in messages):
        raise RefusedError(
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'.",
            param="input",
        )
    return Format("json_object")


def _optional(body: Mapping[str, Any], key: str, kind: type, expected: str) -> Any:
    value = body.get(key)
    if value is None or isinstance(value, kind):
        return value
    raise wrong_type(key, expected, value)
