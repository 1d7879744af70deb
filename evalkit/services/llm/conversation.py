"""The conversation that a request holds, before any provider's way of writing it.

It is all the state that a scripted model has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from evalkit.quick import quick


class Message(NamedTuple):
    """One message: `system`, `user`, `assistant` or `tool`. `tool` names whose result it is.

    `calls` names the tools that an assistant's message calls; `images` and `files` are counted.
    """

    role: str
    text: str = ""
    tool: str | None = None
    calls: tuple[str, ...] = ()
    images: int = 0
    files: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model is offered, and the JSON Schema of its arguments."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Format:
    """The form that the reply is wanted in: JSON, by a schema where there is one."""

    name: str
    schema: Mapping[str, Any] | None = field(default=None, hash=False)


class Conversation:
    """What a model is asked: the messages so far, the tools it is offered, the form wanted.

    `choice` is `auto`, `none`, `required` or the name of the tool that it has to call; `headers`
    are those of the request, their names in lower case.
    """

    __slots__ = (
        "choice",
        "format",
        "headers",
        "last",
        "messages",
        "model",
        "offered",
        "steady",
        "tool_messages",
        "tools",
        "turns",
        "user",
    )

    def __init__(
        self,
        model: str,
        messages: Iterable[Message],
        tools: Iterable[Tool | str] = (),
        *,
        choice: str = "auto",
        format: Format | None = None,  # noqa: A002 - what every provider calls it
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.model = model
        self.messages = tuple(messages)
        self.offered = tuple(
            [each if isinstance(each, Tool) else Tool(each) for each in tools] if tools else ()
        )
        self.tools = tuple([each.name for each in self.offered])
        """The names of the tools."""
        self.choice = choice
        self.format = format
        self.headers = headers
        self.steady = False
        """Whether it is this same object in every request that holds it, whoever asks."""
        self.last = self.messages[-1] if self.messages else None
        self.tool_messages = tuple([each for each in self.messages if each.role == "tool"])
        users = [each.text for each in self.messages if each.role == "user"]
        self.turns = len(users)
        """How many messages the user has sent."""
        self.user = users[-1] if users else None
        """The last text of the user."""

    def brought_by(self, headers: Iterable[tuple[str, str]]) -> Conversation:
        """The same conversation in a request with these headers."""
        other = object.__new__(Conversation)
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other.headers = headers
        other.steady = False
        return other

    @property
    def system(self) -> str:
        """All system texts."""
        return "\n".join(each.text for each in self.messages if each.role == "system")

    @property
    def result_of(self) -> str | None:
        """The tool whose result is the last message."""
        return self.last.tool if self.last is not None and self.last.role == "tool" else None

    @property
    def called(self) -> frozenset[str]:
        """The tools that the model has called so far, or that have given a result."""
        calls = {name for each in self.messages for name in each.calls}
        return frozenset(calls | {each.tool for each in self.tool_messages if each.tool})

    @property
    def images(self) -> int:
        """How many images it holds."""
        return sum(each.images for each in self.messages)

    @property
    def files(self) -> int:
        """How many files (documents, sounds) it holds."""
        return sum(each.files for each in self.messages)

    def header(self, name: str) -> str | None:
        """The first value of a header of the request, or None."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), None)

    def results(self) -> dict[str, Any]:
        """The last result of each tool by its name, as a value where it is JSON."""
        return {each.tool: value_of(each.text) for each in self.tool_messages if each.tool}

    def history(self) -> list[dict[str, Any]]:
        """All messages as templates see them."""
        return [
            {"role": each.role, "text": each.text, "tool": each.tool, "calls": list(each.calls)}
            for each in self.messages
        ]


def value_of(text: str) -> Any:
    """The value of JSON text, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
