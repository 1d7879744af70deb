"""Generated content taken apart again."""

from __future__ import annotations

from evalkit.faults.envelope import error_body
from evalkit.services.bodies import json_text
from evalkit.services.llm.asked import Asked
from evalkit.services.llm.dialect import Told
from evalkit.wire import Telling

_NAMES = {"usage": "usageMetadata", "content": "candidates"}


class ContentDialect:
    """The manner of generateContent. A candidate's last chunk says why it ended."""

    def done(self, event: bytes) -> bool:
        """No event says only that."""
        del event
        return False

    def says(self, told: Told) -> bool:
        """A candidate with parts."""
        return any("content" in each for each in told.get("candidates") or ())

    def without(self, part: Telling, told: Told) -> Told | None:
        """A chunk, or the whole, without a part of it."""
        if part in _NAMES:
            return {key: value for key, value in told.items() if key != _NAMES[part]}
        if part == "finish" and told.get("candidates"):
            return {**told, "candidates": [_unfinished(each) for each in told["candidates"]]}
        return told

    def error(self, status: int) -> Told:
        """The body that tells of an error."""
        return error_body("gemini", status)

    def error_event(self, status: int, number: int, asked: Asked) -> bytes:
        """The event, or the element of the array, that tells of an error."""
        text = json_text(self.error(status))
        if asked.more["sse"]:
            return f"data: {text}\r\n\r\n".encode()
        return f"{',' if number else '['}{text}\n]".encode()


def _unfinished(candidate: Told) -> Told:
    return {key: value for key, value in candidate.items() if key != "finishReason"}
