"""The tools that a chat request offers, checked as the real API checks them."""

from __future__ import annotations

import re
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm.openai.errors import (
    RefusedError,
    empty_array,
    missing,
    wrong_type,
    wrong_value,
)
from evalkit.services.llm.tokens import count

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def read_tools(body: dict[str, Any]) -> tuple[str, ...]:
    """The names of the tools. Raises `RefusedError`."""
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


def _tool(param: str, tool: Any) -> str:
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
    name = described.get("name")
    if name is None:
        raise missing(f"{param}.{kind}.name")
    if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
        raise RefusedError(
            f"Invalid '{param}.{kind}.name': string does not match pattern. Expected a string that "
            "matches the pattern '^[a-zA-Z0-9_-]+$'.",
            param=f"{param}.{kind}.name",
            code="invalid_value",
        )
    return name


def tool_tokens(body: dict[str, Any]) -> int:
    """What the descriptions of the tools cost."""
    tools = body.get("tools")
    return count(json_text(tools)) if tools else 0
