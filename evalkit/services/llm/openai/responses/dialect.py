"""Responses taken apart again."""

from __future__ import annotations

from typing import Any

from evalkit.faults.envelope import error_body
from evalkit.services.bodies import json_text
from evalkit.services.llm.asked import Asked
from evalkit.services.llm.dialect import Told
from evalkit.wire import Telling

_LAST = ("response.completed", "response.incomplete")
_CONTENT = ("response.output", "response.content", "response.function", "response.re")


class ResponsesDialect:
    """The manner of Responses. The event that says why it ended is the last: no other follows."""

    def done(self, event: bytes) -> bool:
        """No event says only that."""
        del event
        return False

    def says(self, told: Told) -> bool:
        """A delta."""
        return str(told.get("type")).endswith(".delta")

    def without(self, part: Telling, told: Told) -> Told | None:
        """An event, or a response, without a part of it."""
        kind = told.get("type")
        if isinstance(kind, str) and "sequence_number" in told:
            return _of_event(part, kind, told)
        return _of_response(part, told)

    def error(self, status: int) -> Told:
        """The body that tells of an error."""
        return error_body("openai", status)

    def error_event(self, status: int, number: int, asked: Asked) -> bytes:
        """The event that tells of an error."""
        del asked
        error = self.error(status)["error"]
        told = {key: error[key] for key in ("code", "message", "param")}
        told["code"] = error["code"] or error["type"]
        event = {"type": "error", "sequence_number": number, **told}
        return f"event: error\ndata: {json_text(event)}\n\n".encode()


def _of_event(part: Telling, kind: str, told: Told) -> Told | None:
    if part == "finish" and kind in _LAST:
        return None
    if part == "content" and kind.startswith(_CONTENT):
        return None
    if part in ("usage", "content") and isinstance(told.get("response"), dict):
        return {**told, "response": _of_response(part, told["response"])}
    return told


def _of_response(part: Telling, told: Told) -> Told:
    changed: dict[str, Any] = {}
    if part == "usage":
        changed = {"usage": None}
    elif part == "content":
        changed = {"output": []}
    elif part == "finish":
        changed = {"status": None, "incomplete_details": None}
    return {**told, **changed}
