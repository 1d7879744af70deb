"""The tools that a request offers, checked as the real API checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.anthropic.errors import RefusedError, at, one_of, required
from evalkit.services.llm.anthropic.fields import needed, optional
from evalkit.services.llm.conversation import Tool
from evalkit.services.llm.tokens import count_json

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_CHOICES = {"auto": "auto", "none": "none", "any": "required", "tool": ""}


def read_tools(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    """The tools. Raises `RefusedError`."""
    tools = optional(body, "tools", list) or []
    found = tuple(_tool(number, tool) for number, tool in enumerate(tools))
    if len({each.name for each in found}) < len(found):
        raise at("tools", "Tool names must be unique.")
    return found


def _tool(number: int, tool: Any) -> Tool:
    where = f"tools.{number}."
    if not isinstance(tool, dict):
        raise at(where[:-1], "Input should be a valid dictionary")
    kind = optional(tool, "type", str, where)
    if kind not in (None, "custom"):
        return Tool(str(tool.get("name") or kind))
    where += "custom."
    name = needed(tool, "name", str, where)
    if not _NAME.fullmatch(name):
        raise at(f"{where}name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
    schema = needed(tool, "input_schema", dict, where)
    if schema.get("type") is None:
        raise required(f"{where}input_schema.type")
    if schema["type"] != "object":
        raise one_of(f"{where}input_schema.type", ("object",))
    return Tool(name, schema)


def read_choice(body: Mapping[str, Any], tools: tuple[Tool, ...]) -> str:
    """`auto`, `none`, `required`, or the tool that has to be called. Raises `RefusedError`."""
    choice = optional(body, "tool_choice", dict)
    if choice is None:
        return "auto"
    kind = choice.get("type")
    if not isinstance(kind, str) or kind not in _CHOICES:
        tags = ", ".join(f"'{each}'" for each in _CHOICES)
        raise at(
            "tool_choice",
            f"Input tag '{str(kind)[:50]}' found using 'type' does not match any of the expected "
            f"tags: {tags}",
        )
    if not tools:
        raise RefusedError("tool_choice may only be specified while providing tools")
    if kind != "tool":
        return _CHOICES[kind]
    name: str = needed(choice, "name", str, "tool_choice.tool.")
    if name not in [each.name for each in tools]:
        raise RefusedError(f"Tool '{name[:128]}' not found in provided tools")
    return name


def tool_tokens(body: Mapping[str, Any]) -> int:
    """What the descriptions of the tools cost."""
    tools = body.get("tools")
    return count_json(tools) if tools else 0
