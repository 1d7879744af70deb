"""The items of a request's input, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.services.llm.conversation import Message
from evalkit.services.llm.openai.errors import RefusedError, missing, wrong_type, wrong_value
from evalkit.services.llm.refusals import short
from evalkit.services.llm.tokens import PER_IMAGE, PER_MESSAGE, count

_ROLES = ("assistant", "system", "developer", "user")
_TYPES = ("message", "function_call", "function_call_output", "reasoning", "item_reference")
_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_MEDIA = ("input_image", "input_file", "input_audio", "computer_screenshot")
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


class ItemReader:
    """Reads items one after the other, and knows which tool calls still want a result."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tokens = 0
        self._calls: dict[str, str] = {}
        self._open: dict[str, str] = {}
        self._images = 0
        self._files = 0

    def system(self, text: str) -> None:
        """Read the instructions."""
        self.tokens += PER_MESSAGE + count(text)
        self.messages.append(Message("system", text))

    def read(self, items: Sequence[Any]) -> None:
        """Read all of them. Raises `RefusedError`."""
        for at, item in enumerate(items):
            param = f"input[{at}]"
            if not isinstance(item, dict):
                raise wrong_type(param, "an object", item)
            self._item(param, item)
        if self._open:
            call_id = next(iter(self._open))
            message = f"No tool output found for function call {short(call_id)}."
            raise RefusedError(message, param="input")

    def _item(self, param: str, item: Mapping[str, Any]) -> None:
        kind = item.get("type", "message" if "role" in item else None)
        if kind is None:
            raise missing(f"{param}.type")
        if kind == "message":
            self._message(param, item)
        elif kind in _CALLS:
            self._call(param, item, _CALLS[kind])
        elif kind in _OUTPUTS:
            self._output(param, item)
        elif not (isinstance(kind, str) and _is_known(kind)):
            raise wrong_value(f"{param}.type", kind, _TYPES)

    def _message(self, param: str, item: Mapping[str, Any]) -> None:
        role = item.get("role")
        if role not in _ROLES:
            raise missing(f"{param}.role") if role is None else wrong_value(param, role, _ROLES)
        text = self._text(f"{param}.content", item.get("content"))
        self.tokens += PER_MESSAGE + count(text)
        shown = "system" if role == "developer" else str(role)
        self.messages.append(Message(shown, text, None, (), self._images, self._files))

    def _text(self, param: str, content: Any) -> str:
        self._images = self._files = 0
        if isinstance(content, str):
            return content
        if content is None:
            raise missing(param)
        if not isinstance(content, list):
            raise wrong_type(param, "one of an array of objects or string", content)
        return "".join(self._part(f"{param}[{at}]", part) for at, part in enumerate(content))

    def _part(self, param: str, part: Any) -> str:
        if not isinstance(part, dict):
            raise wrong_type(param, "an object", part)
        kind = part.get("type")
        if kind in _MEDIA:
            self.tokens += PER_IMAGE
            self._images += kind == "input_image"
            self._files += kind != "input_image"
            return ""
        if not isinstance(kind, str) or kind not in _TEXTS:
            raise wrong_value(f"{param}.type", kind, (*_TEXTS, *_MEDIA))
        key = _TEXTS[kind]
        text = part.get(key)
        if not isinstance(text, str):
            raise wrong_type(f"{param}.{key}", "a string", text)
        return text

    def _call(self, param: str, item: Mapping[str, Any], arguments: str) -> None:
        for key in ("call_id", "name", arguments):
            _text_field(param, item, key)
        self.tokens += count(item["name"]) + count(item[arguments])
        self._calls[item["call_id"]] = self._open[item["call_id"]] = item["name"]
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role == "assistant":
            self.messages[-1] = last._replace(calls=(*last.calls, item["name"]))
        else:
            self.messages.append(Message("assistant", "", None, (item["name"],)))

    def _output(self, param: str, item: Mapping[str, Any]) -> None:
        call_id = _text_field(param, item, "call_id")
        if call_id not in self._calls:
            raise RefusedError(
                f"No tool call found for function call output with call_id {short(call_id)}.",
                param="input",
            )
        text = self._text(f"{param}.output", item.get("output"))
        self.tokens += PER_MESSAGE + count(text)
        self._open.pop(call_id, None)
        self.messages.append(
            Message("tool", text, self._calls[call_id], (), self._images, self._files)
        )


def _text_field(param: str, item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        place = f"{param}.{key}"
        raise missing(place) if value is None else wrong_type(place, "a string", value)
    return value


def _is_known(kind: str) -> bool:
    """Items of hosted tools and of the model's own state, which say nothing to a script."""
    return kind in _TYPES or kind.endswith(("_call", "_output", "_request", "_response", "_tools"))
