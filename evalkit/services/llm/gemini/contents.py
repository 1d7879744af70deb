"""The contents of a request, checked as the real API checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.llm.conversation import Message
from evalkit.services.llm.gemini.errors import RefusedError, unset
from evalkit.services.llm.gemini.fields import field, objects, raw
from evalkit.services.llm.tokens import PER_IMAGE, PER_MESSAGE, count, count_json

_ROLES = ("user", "model", "function", "tool")
_SILENT = ("executableCode", "codeExecutionResult", "thoughtSignature", "toolCall", "toolResponse")
_WRAPPED = ("result", "output")


class ContentReader:
    """Reads contents one after the other, and knows which calls still want a response."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tokens = 0
        self._open: list[str] = []

    def system(self, instruction: Mapping[str, Any]) -> None:
        """Read the system instruction. Raises `RefusedError`."""
        parts = objects(field(instruction, "parts", list) or [], "system_instruction.parts")
        text = "".join(str(part.get("text", "")) for part in parts)
        self.tokens += count(text)
        self.messages.append(Message("system", text))

    def read(self, contents: list[dict[str, Any]]) -> None:
        """Read all of them. Raises `RefusedError`."""
        for at, content in enumerate(contents):
            role = content.get("role") or "user"
            if role not in _ROLES:
                raise RefusedError("Please use a valid role: user, model.")
            place = f"contents[{at}].parts"
            parts = objects(field(content, "parts", list) or [], place)
            if not parts:
                raise unset(place, "contents.parts must not be empty.")
            turn = _Turn(place)
            for index, part in enumerate(parts):
                turn.read(index, part)
            self._add("assistant" if role == "model" else "user", turn)
        if self._open:
            raise RefusedError(
                "Please ensure that function call turn is followed by a function response turn."
            )

    def _add(self, role: str, turn: _Turn) -> None:
        self._check(role, turn)
        self.tokens += PER_MESSAGE + turn.tokens + count(turn.text)
        for name, text in turn.results:
            self.tokens += count(text)
            self.messages.append(Message("tool", text, name))
        if turn.text or turn.calls or turn.images or turn.files or not turn.results:
            calls = tuple(turn.calls)
            self.messages.append(Message(role, turn.text, None, calls, turn.images, turn.files))
        self._open = turn.calls

    def _check(self, role: str, turn: _Turn) -> None:
        if turn.results and not self._open:
            raise RefusedError(
                "Please ensure that function response turn comes immediately after a function call "
                "turn."
            )
        if len(turn.results) != len(self._open):
            raise RefusedError(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        first = not any(each.role in ("user", "tool") for each in self.messages)
        if turn.calls and (role != "assistant" or first):
            raise RefusedError(
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )


class _Turn:
    """What the parts of one content say."""

    def __init__(self, place: str) -> None:
        self.text = ""
        self.tokens = self.images = self.files = 0
        self.calls: list[str] = []
        self.results: list[tuple[str, str]] = []
        self._place = place

    def read(self, at: int, part: Mapping[str, Any]) -> None:
        """Read one part. Raises `RefusedError`."""
        place = f"{self._place}[{at}]"
        text = field(part, "text", str, f"{place}.")
        if text is not None:
            self.text += "" if part.get("thought") else text
        elif (call := field(part, "functionCall", dict, f"{place}.")) is not None:
            self.calls.append(_name(call, f"{place}.function_call"))
            self.tokens += count_json(call)
        elif (response := field(part, "functionResponse", dict, f"{place}.")) is not None:
            name = _name(response, f"{place}.function_response")
            self.results.append((name, _result(response, f"{place}.function_response.")))
        elif not self._is_media(part, place) and not any(raw(part, key) for key in _SILENT):
            why = "required oneof field 'data' must have one initialized field"
            raise unset(f"{place}.data", why)

    def _is_media(self, part: Mapping[str, Any], place: str) -> bool:
        for key in ("inlineData", "fileData"):
            media = field(part, key, dict, f"{place}.")
            if media is not None:
                kind = field(media, "mimeType", str, f"{place}.{key}.") or ""
                self.tokens += PER_IMAGE
                self.images += kind.startswith("image/")
                self.files += not kind.startswith("image/")
                return True
        return False


def _name(body: Mapping[str, Any], place: str) -> str:
    name = field(body, "name", str, f"{place}.")
    if not name:
        raise unset(f"{place}.name", "Name cannot be empty.")
    return str(name)


def _result(body: Mapping[str, Any], place: str) -> str:
    """The text of a result. Clients wrap what is no object; the wrapping is taken off again."""
    response = field(body, "response", dict, place) or {}
    if len(response) == 1 and next(iter(response)) in _WRAPPED:
        value = next(iter(response.values()))
        return value if isinstance(value, str) else json_text(value)
    return json_text(response)
