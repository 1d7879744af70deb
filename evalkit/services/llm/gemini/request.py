"""A request for content, checked as the real API checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.bodies import BodyError, read_json
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.conversation import Conversation, Format, Tool
from evalkit.services.llm.gemini.contents import ContentReader
from evalkit.services.llm.gemini.errors import RefusedError, unset, violated, wrong_type
from evalkit.services.llm.gemini.fields import field, known, objects, raw
from evalkit.services.llm.gemini.schemas import json_schema
from evalkit.services.llm.tokens import PER_CONVERSATION, count_json
from evalkit.wire import Request

_KEYS = frozenset(
    {
        "cachedContent",
        "contents",
        "generationConfig",
        "labels",
        "model",
        "safetySettings",
        "serviceTier",
        "store",
        "systemInstruction",
        "toolConfig",
        "tools",
    }
)
_MODES = {
    "AUTO": "auto",
    "VALIDATED": "auto",
    "MODE_UNSPECIFIED": "auto",
    "NONE": "none",
    "ANY": "required",
}
_RANGES = {"temperature": (0, 2), "topP": (0, 1)}
_WHOLE = {"maxOutputTokens": (1, 2**31), "candidateCount": (1, 8), "logprobs": (0, 20)}
_CONFIG = "generation_config."


def read_content(call: Call, *, stream: bool) -> Asked:
    """What a request for content asks. Raises `RefusedError`."""
    body = read_object(call.request)
    known(body, _KEYS, "")
    config = field(body, "generationConfig", dict) or {}
    _check_numbers(config)
    reader, tools = read_contents(body), _tools(body)
    thinking = field(config, "thinkingConfig", dict, _CONFIG) or {}
    told = field(config, "responseLogprobs", bool, _CONFIG)
    return Asked(
        conversation=Conversation(
            call.place["model"],
            reader.messages,
            tools,
            choice=_choice(body, tools),
            format=_format(config),
            headers=call.request.headers,
        ),
        input_tokens=input_tokens(reader, body),
        max_tokens=raw(config, "maxOutputTokens"),
        stops=_stops(config),
        stream=stream,
        reserves=False,
        choices=raw(config, "candidateCount") or 1,
        logprobs=(raw(config, "logprobs") or 0) if told else None,
        reasons=field(thinking, "thinkingBudget", int, f"{_CONFIG}thinking_config.") != 0,
        more={
            "thoughts": bool(raw(thinking, "includeThoughts")),
            "sse": dict(call.request.query).get("alt") == "sse",
        },
    )


def read_contents(body: Mapping[str, Any]) -> ContentReader:
    """The contents and the system instruction. Raises `RefusedError`."""
    reader = ContentReader()
    if (instruction := field(body, "systemInstruction", dict)) is not None:
        reader.system(instruction)
    contents = field(body, "contents", list)
    if not contents:
        raise unset("contents", "contents is not specified")
    reader.read(objects(contents, "contents"))
    return reader


def input_tokens(reader: ContentReader, body: Mapping[str, Any]) -> int:
    """What it costs to read all this."""
    tools = body.get("tools")
    return reader.tokens + PER_CONVERSATION + (count_json(tools) if tools else 0)


def read_object(request: Request) -> dict[str, Any]:
    """The object that is the body. Raises `RefusedError`."""
    try:
        body = read_json(request.body)
    except BodyError as error:
        message = f"Invalid JSON payload received. {error.message}"
        raise RefusedError(message, status=error.status) from None
    if not isinstance(body, dict):
        raise violated("", "Invalid JSON payload received. Root element must be a message.")
    return body


def _tools(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    found: list[Tool] = []
    for at, tool in enumerate(objects(field(body, "tools", list) or [], "tools")):
        place = f"tools[{at}].function_declarations"
        declared = field(tool, "functionDeclarations", list, f"tools[{at}].")
        if declared is None:
            found += [Tool(name) for name in tool]
        for index, each in enumerate(objects(declared or [], place)):
            found.append(_declared(each, f"{place}[{index}]"))
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RefusedError(f"Duplicate function declaration found: {twice[:100]}")
    return tuple(found)


def _declared(declared: Mapping[str, Any], place: str) -> Tool:
    name = field(declared, "name", str, f"{place}.")
    if not name:
        raise unset(f"{place}.name", "Name cannot be empty.")
    schema = field(declared, "parametersJsonSchema", dict, f"{place}.")
    if schema is None:
        schema = json_schema(field(declared, "parameters", dict, f"{place}.") or {})
    return Tool(str(name), schema)


def _choice(body: Mapping[str, Any], tools: tuple[Tool, ...]) -> str:
    config = field(body, "toolConfig", dict) or {}
    calling = field(config, "functionCallingConfig", dict, "tool_config.") or {}
    place = "tool_config.function_calling_config."
    mode = field(calling, "mode", str, place) or "AUTO"
    if mode not in _MODES:
        raise wrong_type(f"{place}mode", "FunctionCallingConfig.Mode", mode)
    allowed = field(calling, "allowedFunctionNames", list, place) or []
    names = [each.name for each in tools]
    for name in allowed:
        if name not in names:
            raise RefusedError(
                f"{place}allowed_function_names: {str(name)[:100]} is not one of the declared "
                "functions."
            )
    return str(allowed[0]) if mode == "ANY" and len(allowed) == 1 else _MODES[mode]


def _format(config: Mapping[str, Any]) -> Format | None:
    kind = field(config, "responseMimeType", str, _CONFIG)
    schema = field(config, "responseJsonSchema", dict, _CONFIG)
    written = field(config, "responseSchema", dict, _CONFIG)
    named = schema or written or {}
    if schema is None and written is not None:
        schema = json_schema(written)
    if schema is not None and kind not in ("application/json", "text/x.enum"):
        raise unset(
            "generation_config.response_schema",
            "response_schema is only supported with response_mime_type set to 'application/json'",
        )
    if kind in (None, "text/plain"):
        return None
    return Format(str(named.get("title") or "json"), schema)


def _stops(config: Mapping[str, Any]) -> tuple[str, ...]:
    stops = field(config, "stopSequences", list, _CONFIG) or []
    for at, each in enumerate(stops):
        if not isinstance(each, str):
            raise wrong_type(f"{_CONFIG}stop_sequences[{at}]", "TYPE_STRING", each)
    if len(stops) > 5:
        raise unset(f"{_CONFIG}stop_sequences", "stop_sequences must have at most 5 elements")
    return tuple(stops)


def _check_numbers(config: Mapping[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = raw(config, name)
        if value is None:
            continue
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise wrong_type(f"{_CONFIG}{name}", "TYPE_FLOAT", value)
        _check_range(name, value, low, high)
    for name, (low, high) in _WHOLE.items():
        value = field(config, name, int, _CONFIG)
        if value is not None:
            _check_range(name, value, low, high)


def _check_range(name: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:
        why = f"{name} must be in the range [{low}, {high}]"
        raise unset(f"{_CONFIG}{name}", why)
