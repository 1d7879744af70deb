"""Messages taken apart again."""

from __future__ import annotations

from evalkit.faults.envelope import error_body
from evalkit.services.bodies import json_text
from evalkit.services.llm.asked import Asked
from evalkit.services.llm.dialect import Told
from evalkit.wire import Telling

_ENDING = ("stop_reason", "stop_sequence", "stop_details")


class MessagesDialect:
    """The manner of Messages."""

    def done(self, event: bytes) -> bool:
        """`message_stop`."""
        return event.startswith(b"event: message_stop\n")

    def says(self, told: Told) -> bool:
        """A delta of a block that holds something."""
        if told.get("type") != "content_block_delta":
            return False
        return any(value for key, value in told["delta"].items() if key != "type")

    def without(self, part: Telling, told: Told) -> Told | None:
        """An event, or a message, without a part of it."""
        kind = told.get("type")
        if part == "content":
            if str(kind).startswith("content_block"):
                return None
            return {**told, "content": []} if kind == "message" else told
        if kind == "message_start":
            return {**told, "message": _bare(part, told["message"])}
        if kind == "message_delta" and part == "finish":
            return {**told, "delta": _bare(part, told["delta"])}
        return _bare(part, told)

    def error(self, status: int) -> Told:
        """The body that tells of an error."""
        return error_body("anthropic", status)

    def error_event(self, status: int, number: int, asked: Asked) -> bytes:
        """The event that tells of an error."""
        del number, asked
        return f"event: error\ndata: {json_text(self.error(status))}\n\n".encode()


def _bare(part: Telling, told: Told) -> Told:
    if part == "usage":
        return {key: value for key, value in told.items() if key != "usage"}
    if part == "finish" and told.get("stop_reason"):
        left = {key: value for key, value in told.items() if key not in _ENDING}
        return {**left, "stop_reason": None, "stop_sequence": None}
    return told
