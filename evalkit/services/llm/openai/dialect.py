"""Chat completions taken apart again."""

from __future__ import annotations

from evalkit.faults.envelope import error_body
from evalkit.services.bodies import json_text
from evalkit.services.llm.asked import Asked
from evalkit.services.llm.dialect import Told
from evalkit.wire import Telling

_SAID = ("content", "refusal", "tool_calls")


class ChatDialect:
    """The manner of Chat Completions."""

    def done(self, event: bytes) -> bool:
        """`[DONE]`."""
        return event.strip() == b"data: [DONE]"

    def says(self, told: Told) -> bool:
        """A delta that holds something."""
        deltas = (choice.get("delta") or {} for choice in told.get("choices") or ())
        return any(delta.get(name) for delta in deltas for name in _SAID)

    def without(self, part: Telling, told: Told) -> Told | None:
        """A chunk, or a completion, without a part of it."""
        match part:
            case "finish":
                return _without_finish(told)
            case "usage":
                left = {key: value for key, value in told.items() if key != "usage"}
                return left if told.get("choices") else None
            case "content" if told.get("choices"):
                return {**told, "choices": []}
        return told

    def error(self, status: int) -> Told:
        """The body that tells of an error."""
        return error_body("openai", status)

    def error_event(self, status: int, number: int, asked: Asked) -> bytes:
        """The event that tells of an error."""
        del number, asked
        return f"data: {json_text(self.error(status))}\n\n".encode()


def _without_finish(told: Told) -> Told | None:
    choices = told.get("choices") or []
    if not any(each.get("finish_reason") for each in choices):
        return told
    if all(each.get("delta") == {} for each in choices):
        return None
    return {**told, "choices": [{**each, "finish_reason": None} for each in choices]}
