"""The tools that a request offers, checked as the real API checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.conversation import Tool
from evalkit.services.llm.openai.errors import (
    RefusedError,
    empty_array,
    missing,
    wrong_type,
    wrong_value,
)
from evalkit.services.llm.openai.strict import check_strict
from evalkit.services.llm.tokens import count_json

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CHOICES = ("none", "auto", "required")
_BAD_PARAMETERS = "invalid_function_parameters"


def read_tools(body: dict[str, Any]) -> tuple[Tool, ...]:
    """The tools. Raises `RefusedError`."""
    if body.get("functions") is not None:
        raise RefusedError(
            "The mock does not take 'functions' yet: use 'tools'.", param="functions"
        )
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") not in (None, "none"):
            raise RefusedError(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
                "specified.",
                param="tool_choice",
            )
        return ()
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array of objects", tools)
    if not tools:
        raise empty_array("tools")
    return tuple(_tool(f"tools[{at}]", tool) for at, tool in enumerate(tools))


def _tool(param: str, tool: Any) -> Tool:
    if not isinstance(tool, dict):
        raise wrong_type(param, "an object", tool)
    kind = tool.get("type")
    if kind is None:
        raise missing(f"{param}.type")
    if kind not in ("function", "custom"):
        raise wrong_value(f"{param}.type", kind, ("function", "custom"))
    described = tool.get(kind)
    if not isinstance(described, dict):
        raise missing(f"{param}.{kind}")
    return described_tool(f"{param}.{kind}", described)


def described_tool(param: str, described: Mapping[str, Any]) -> Tool:
    """The tool of its description. Raises `RefusedError`."""
    name = described.get("name")
    if name is None:
        raise missing(f"{param}.name")
    if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
        raise RefusedError(
            f"Invalid '{param}.name': string does not match pattern. Expected a string that "
            "matches the pattern '^[a-zA-Z0-9_-]+$'.",
            param=f"{param}.name",
            code="invalid_value",
        )
    schema = described.get("parameters")
    if schema is None:
        return Tool(name)
    _check_parameters(f"{param}.parameters", name, schema, strict=described.get("strict") is True)
    return Tool(name, schema)


def _check_parameters(param: str, name: str, schema: Any, *, strict: bool) -> None:
    if not isinstance(schema, dict):
        raise wrong_type(param, "an object", schema)
    kind = schema.get("type")
    if kind != "object" and schema and not ("$ref" in schema or "anyOf" in schema):
        raise RefusedError(
            f"Invalid schema for function '{name}': schema must be a JSON Schema of "
            f"'type: \"object\"', got 'type: \"{kind}\"'.",
            param=param,
            code=_BAD_PARAMETERS,
        )
    if strict:
        check_strict(f"function '{name}'", param, _BAD_PARAMETERS, schema)


def read_choice(body: Mapping[str, Any], tools: tuple[Tool, ...]) -> str:
    """`auto`, `none`, `required`, or the tool that has to be called. Raises `RefusedError`."""
    choice = body.get("tool_choice")
    if choice is None:
        return "auto"
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise wrong_value("tool_choice", choice, _CHOICES)
        return choice
    if not isinstance(choice, dict):
        raise wrong_type("tool_choice", "one of a string or object", choice)
    inner = choice.get(str(choice.get("type")))
    name = choice.get("name") if inner is None else isinstance(inner, dict) and inner.get("name")
    if choice.get("type") not in ("function", "custom"):
        return "required" if choice.get("mode") == "required" else "auto"
    if not isinstance(name, str) or name not in [each.name for each in tools]:
        raise RefusedError(
            f"Invalid value for 'tool_choice': tool '{str(name)[:64]}' not found in 'tools' "
            "parameter.",
            param="tool_choice",
        )
    return name


def tool_tokens(body: Mapping[str, Any]) -> int:
    """What the descriptions of the tools cost."""
    tools = body.get("tools")
    return count_json(tools) if tools else 0
