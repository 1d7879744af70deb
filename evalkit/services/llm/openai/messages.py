"""The messages of a chat request, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.llm.conversation import Message
from evalkit.services.llm.openai.errors import (
    RefusedError,
    empty_array,
    missing,
    wrong_type,
    wrong_value,
)
from evalkit.services.llm.tokens import PER_IMAGE, PER_MESSAGE, count

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_PARTS = ("text", "image_url", "input_audio", "refusal", "file")


# Roles whose messages hold nothing but their content, and as what a script knows them.
_PLAIN = {"system": "system", "developer": "system", "user": "user"}


class MessageReader:
    """Reads messages one after the other, and knows which tool calls still want a result."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tokens = 0
        self._open: dict[str, str] = {}
        self._opened_at = 0
        self._images = 0
        self._files = 0

    def read(self, messages: list[Any]) -> None:
        """Read all of them. Raises `RefusedError`."""
        for at, message in enumerate(messages):
            role = message.get("role") if isinstance(message, dict) else None
            if role not in ROLES:
                raise _no_message(f"messages[{at}]", message)
            if self._open and role != "tool":
                self._expect_no_open_calls()
            content = message.get("content")
            if type(content) is str and role in _PLAIN:  # as most are
                self.tokens += PER_MESSAGE + count(content)
                self.messages.append(Message(_PLAIN[role], content))
            else:
                self._add(at, role, message)
        self._expect_no_open_calls()

    def _add(self, at: int, role: str, message: Mapping[str, Any]) -> None:
        self._images = self._files = 0
        content = message.get("content")
        text = content if isinstance(content, str) else self._text(at, role, message)
        tool: str | None = None
        calls: tuple[str, ...] = ()
        if role == "tool":
            tool = self._answered(at, message)
        elif role == "assistant" and message.get("tool_calls") is not None:
            calls = self._calls(at, message["tool_calls"])
        self.tokens += PER_MESSAGE + count(text)
        shown = "system" if role == "developer" else role
        self.messages.append(Message(shown, text, tool, calls, self._images, self._files))

    def _text(self, at: int, role: str, message: Mapping[str, Any]) -> str:
        """The text of a message whose content is not simply that."""
        content = message.get("content")
        if isinstance(content, list):
            return "".join(self._part(at, i, part) for i, part in enumerate(content))
        param = f"messages[{at}].content"
        if content is not None:
            raise wrong_type(param, "one of a string or array of objects", content)
        if role == "assistant" and any(
            message.get(key) is not None
            for key in ("tool_calls", "refusal", "function_call", "audio")
        ):
            return ""
        raise RefusedError("Invalid value for 'content': expected a string, got null.", param=param)

    def _part(self, at: int, index: int, part: Any) -> str:
        param = f"messages[{at}].content[{index}]"
        if not isinstance(part, dict):
            raise wrong_type(param, "an object", part)
        kind = part.get("type")
        if kind is None:
            raise missing(f"{param}.type")
        if kind not in _PARTS:
            raise wrong_value(f"{param}.type", kind, _PARTS)
        if kind not in ("text", "refusal"):
            self._media(f"{param}.{kind}", kind, part.get(kind))
            return ""
        text = part.get(kind)
        if not isinstance(text, str):
            raise wrong_type(f"{param}.{kind}", "a string", text)
        return text

    def _media(self, param: str, kind: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise missing(param) if value is None else wrong_type(param, "an object", value)
        if kind == "image_url" and not isinstance(value.get("url"), str):
            raise _absent_or_wrong(f"{param}.url", value.get("url"))
        self.tokens += PER_IMAGE
        if kind == "image_url":
            self._images += 1
        else:
            self._files += 1

    def _calls(self, at: int, calls: Any) -> tuple[str, ...]:
        param = f"messages[{at}].tool_calls"
        if not isinstance(calls, list):
            raise wrong_type(param, "an array of objects", calls)
        if not calls:
            raise empty_array(param)
        names = [self._call(param, index, call) for index, call in enumerate(calls)]
        self._opened_at = at
        return tuple(names)

    def _call(self, param: str, index: int, call: Any) -> str:
        if not isinstance(call, dict):
            raise wrong_type(f"{param}[{index}]", "an object", call)
        call_id, kind = call.get("id"), call.get("type")
        if not isinstance(call_id, str):
            raise _absent_or_wrong(f"{param}[{index}].id", call_id)
        if not isinstance(kind, str):
            raise _absent_or_wrong(f"{param}[{index}].type", kind)
        kind, given = ("custom", "input") if kind == "custom" else ("function", "arguments")
        function = call.get(kind)
        if not isinstance(function, dict):
            raise missing(f"{param}[{index}].{kind}")
        name, arguments = function.get("name"), function.get(given)
        if not isinstance(name, str):
            raise _absent_or_wrong(f"{param}[{index}].{kind}.name", name)
        if not isinstance(arguments, str):
            raise _absent_or_wrong(f"{param}[{index}].{kind}.{given}", arguments)
        self.tokens += count(name) + count(arguments)
        self._open[call_id] = name
        return name

    def _answered(self, at: int, message: Mapping[str, Any]) -> str:
        """The tool whose result this message is."""
        call_id = message.get("tool_call_id")
        if not isinstance(call_id, str):
            raise _absent_or_wrong(f"messages[{at}].tool_call_id", call_id)
        if not self._open:
            raise RefusedError(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'.",
                param=f"messages.[{at}].role",
            )
        if call_id not in self._open:
            raise RefusedError(
                f"Invalid parameter: 'tool_call_id' of '{call_id[:100]}' not found in "
                "'tool_calls' of previous message.",
                param=f"messages.[{at}].tool_call_id",
            )
        return self._open.pop(call_id)

    def _expect_no_open_calls(self) -> None:
        if not self._open:
            return
        at = self._opened_at + 1
        raise RefusedError(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(self._open)[:500]}",
            param=f"messages.[{at}].role",
        )


def _no_message(param: str, message: Any) -> RefusedError:
    if not isinstance(message, dict):
        return wrong_type(param, "an object", message)
    role = message.get("role")
    return missing(f"{param}.role") if role is None else wrong_value(f"{param}.role", role, ROLES)


def _absent_or_wrong(param: str, value: Any) -> RefusedError:
    return missing(param) if value is None else wrong_type(param, "a string", value)
