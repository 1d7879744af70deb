"""The conversation that a request holds, before any provider's way of writing it.

It is all the state that a scripted model has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple


class Message(NamedTuple):
    """One message: `system`, `user`, `assistant` or `tool`. `tool` names whose result it is."""

    role: str
    text: str = ""
    tool: str | None = None


class Conversation:
    """What a model is asked: the messages so far, and the tools it is offered."""

    __slots__ = ("last", "messages", "model", "tool_messages", "tools", "turns", "user")

    def __init__(
        self, model: str, messages: Iterable[Message], tools: tuple[str, ...] = ()
    ) -> None:
        self.model = model
        self.messages = tuple(messages)
        self.tools = tools
        self.last = self.messages[-1] if self.messages else None
        self.tool_messages = tuple(each for each in self.messages if each.role == "tool")
        users = [each.text for each in self.messages if each.role == "user"]
        self.turns = len(users)
        """How many messages the user has sent."""
        self.user = users[-1] if users else None
        """The last text of the user."""

    @property
    def system(self) -> str:
        """All system texts."""
        return "\n".join(each.text for each in self.messages if each.role == "system")

    @property
    def result_of(self) -> str | None:
        """The tool whose result is the last message."""
        return self.last.tool if self.last is not None and self.last.role == "tool" else None

    def results(self) -> dict[str, Any]:
        """The last result of each tool by its name, as a value where it is JSON."""
        return {each.tool: value_of(each.text) for each in self.tool_messages if each.tool}


def value_of(text: str) -> Any:
    """The value of JSON text, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
