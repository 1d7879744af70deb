"""The messages of a request, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.anthropic.errors import RefusedError, at, one_of
from evalkit.services.llm.anthropic.fields import needed, optional
from evalkit.services.llm.conversation import Message
from evalkit.services.llm.tokens import PER_IMAGE, PER_MESSAGE, count, count_json

_ROLES = ("user", "assistant")
_BLOCKS = (
    "document",
    "image",
    "redacted_thinking",
    "search_result",
    "text",
    "thinking",
    "tool_result",
    "tool_use",
)
_THOUGHTS = ("thinking", "redacted_thinking")


class MessageReader:
    """Reads messages one after the other, and knows which tool calls still want a result."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tokens = 0
        self._known: dict[str, str] = {}
        self._open: dict[str, str] = {}
        self._opened_at = 0
        self._last_role: str | None = None

    def read(self, messages: list[Any]) -> None:
        """Read all of them. Raises `RefusedError`."""
        if not messages:
            raise at("messages", "at least one message is required")
        for number, message in enumerate(messages):
            where = f"messages.{number}"
            if not isinstance(message, dict):
                raise at(where, "Input should be a valid dictionary")
            role = needed(message, "role", str, f"{where}.")
            if role == "system":
                self.system(message.get("content"), f"{where}.content")
                continue
            if role not in _ROLES:
                raise one_of(f"{where}.role", _ROLES)
            if self._last_role is None and role != "user":
                raise at("messages", 'first message must use the "user" role')
            self._read(number, role, message, last=number == len(messages) - 1)
            self._last_role = role
        self._expect_no_open_calls()

    def system(self, content: Any, where: str = "system") -> None:
        """Read a system text. Raises `RefusedError`."""
        if content is None:
            return
        reading = _Reading(where, "system")
        for number, block in enumerate(_blocks(content, where)):
            if block.get("type") != "text":
                raise one_of(f"{where}.{number}.type", ("text",))
            reading.block(number, block, self)
        self.tokens += count(reading.text)
        self.messages.append(Message("system", reading.text))

    def _read(self, number: int, role: str, message: Mapping[str, Any], *, last: bool) -> None:
        where = f"messages.{number}"
        blocks = _blocks(message.get("content"), f"{where}.content")
        if not blocks and not (last and role == "assistant"):
            raise RefusedError(
                f"{where}: all messages must have non-empty content except for the optional final "
                "assistant message"
            )
        if role == "assistant":
            self._expect_no_open_calls()
            if self._last_role != role:
                self._known = {}
            self._opened_at = number
        reading = _Reading(f"{where}.content", role)
        for index, block in enumerate(blocks):
            reading.block(index, block, self)
        if last and role == "assistant" and reading.text != reading.text.rstrip():
            raise at("messages", "final assistant content cannot end with trailing whitespace")
        self.tokens += PER_MESSAGE + reading.tokens + count(reading.text)
        if role == "assistant" or reading.text or reading.images or reading.files:
            calls = tuple(reading.calls)
            self.messages.append(
                Message(role, reading.text, None, calls, reading.images, reading.files)
            )

    def called(self, call_id: str, name: str) -> None:
        """A tool call that wants a result."""
        self._known[call_id] = self._open[call_id] = name

    def answered(self, where: str, call_id: str, text: str) -> None:
        """The result of a tool call. Raises `RefusedError`."""
        if call_id not in self._known or self._last_role is None:
            raise RefusedError(
                f"{where}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{call_id[:100]}. Each `tool_result` block must have a corresponding `tool_use` "
                "block in the previous message."
            )
        if call_id not in self._open:
            raise RefusedError(
                f"{where}: each tool_use must have a single result. Found multiple `tool_result` "
                f"blocks with id: {call_id[:100]}"
            )
        self.tokens += count(text)
        self.messages.append(Message("tool", text, self._open.pop(call_id)))

    def _expect_no_open_calls(self) -> None:
        if self._open:
            raise RefusedError(
                f"messages.{self._opened_at}: `tool_use` ids were found without `tool_result` "
                f"blocks immediately after: {', '.join(self._open)[:500]}. Each `tool_use` block "
                "must have a corresponding `tool_result` block in the next message."
            )


class _Reading:
    """The reading of one message's blocks."""

    def __init__(self, where: str, role: str) -> None:
        self.text = ""
        self.images = self.files = self.tokens = 0
        self.calls: list[str] = []
        self._where = where
        self._role = role

    def block(self, index: int, block: Mapping[str, Any], reader: MessageReader) -> None:
        """Read one block. Raises `RefusedError`."""
        where = f"{self._where}.{index}"
        match block.get("type"):
            case "text":
                text = needed(block, "text", str, f"{where}.text.")
                if not text:
                    raise at("messages", "text content blocks must be non-empty")
                self.text += text
            case "image":
                needed(block, "source", dict, f"{where}.image.")
                self.images += 1
                self.tokens += PER_IMAGE
            case "document" | "search_result":
                self.files += 1
                self.tokens += PER_IMAGE
            case "tool_use":
                self._call(where, block, reader)
            case "tool_result":
                self._result(where, block, reader)
            case None:
                raise at(f"{where}.type", "Field required")
            case str() as kind if kind in _THOUGHTS or _is_of_a_server_tool(kind):
                pass
            case kind:
                tags = ", ".join(f"'{each}'" for each in _BLOCKS)
                raise at(
                    where,
                    f"Input tag '{str(kind)[:50]}' found using 'type' does not match any of the "
                    f"expected tags: {tags}",
                )

    def _call(self, where: str, block: Mapping[str, Any], reader: MessageReader) -> None:
        if self._role != "assistant":
            raise RefusedError(f"{where}: `tool_use` blocks can only be in `assistant` messages")
        name = needed(block, "name", str, f"{where}.tool_use.")
        call_id = needed(block, "id", str, f"{where}.tool_use.")
        arguments = needed(block, "input", dict, f"{where}.tool_use.")
        self.tokens += count(name) + count_json(arguments)
        self.calls.append(name)
        reader.called(call_id, name)

    def _result(self, where: str, block: Mapping[str, Any], reader: MessageReader) -> None:
        if self._role != "user":
            raise RefusedError(f"{where}: `tool_result` blocks can only be in `user` messages")
        call_id = needed(block, "tool_use_id", str, f"{where}.tool_result.")
        optional(block, "is_error", bool, f"{where}.tool_result.")
        text = ""
        content = block.get("content")
        inner = f"{where}.tool_result.content"
        for index, part in enumerate([] if content is None else _blocks(content, inner)):
            match part.get("type"):
                case "text":
                    text += needed(part, "text", str, f"{inner}.{index}.text.")
                case "image":
                    self.images += 1
                case "document" | "search_result" | "tool_reference":
                    self.files += 1
                case _:
                    raise one_of(f"{inner}.{index}.type", ("text", "image", "document"))
        reader.answered(where, call_id, text)


def _blocks(content: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if content is None:
        raise at(where, "Field required")
    if not isinstance(content, list):
        raise at(where, "Input should be a valid list")
    for number, block in enumerate(content):
        if not isinstance(block, dict):
            raise at(f"{where}.{number}", "Input should be a valid dictionary")
    return content


def _is_of_a_server_tool(kind: str) -> bool:
    return kind.endswith(("_tool_result", "_tool_use", "container_upload", "compaction"))


def begins_with_thought(message: Mapping[str, Any]) -> bool:
    """Whether the first block of a message is of thinking."""
    content = message.get("content")
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        return False
    return content[0].get("type") in _THOUGHTS
