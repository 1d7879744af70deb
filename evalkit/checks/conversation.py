"""What a model was asked, whichever provider's API it was asked by, so that two can be compared.

The same conversation is written in several ways: the prompt of the system is a message among others
or stands by itself (`system`, `instructions`, `systemInstruction`), and a text is a string or a
list of parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.journal.views import CallView

_SYSTEM = frozenset({"system", "developer"})
_ASSISTANT = frozenset({"assistant", "model"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """The prompt of the system, and who said what, without what only calls tools."""

    system: str
    said: tuple[tuple[str, str], ...]

    def goes_on(self, before: Conversation) -> bool:
        """Whether it is another with, perhaps, more said after it."""
        said = self.said[: len(before.said)]
        return bool(before.said) and self.system == before.system and said == before.said


def asked_in(call: CallView) -> dict[str, Any]:
    """The body of a request to a model; nothing for other calls."""
    try:
        body = json.loads(call.started.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) and ("model" in body or "contents" in body) else {}


def name_of_messages(asked: Mapping[str, Any]) -> str:
    """Where the messages stand in a request."""
    return next((name for name in ("messages", "input", "contents") if asked.get(name)), "")


def conversation_in(asked: Mapping[str, Any]) -> Conversation:
    """The conversation of a request."""
    given = asked.get(name_of_messages(asked))
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    told = [
        (str(each.get("role") or each.get("type") or "user"), "\n".join(_texts(each)))
        for each in (messages if isinstance(messages, list) else [])
        if isinstance(each, Mapping)
    ]
    apart = (asked.get(name) for name in ("system", "instructions", "systemInstruction"))
    system = [text for each in apart for text in _texts(each)]
    system += [text for role, text in told if role in _SYSTEM and text]
    said = ((_role(role), text) for role, text in told if role not in _SYSTEM and text)
    return Conversation("\n".join(system).strip(), tuple(said))


def _role(role: str) -> str:
    return "assistant" if role in _ASSISTANT else "user"


def _texts(value: Any) -> Iterator[str]:
    """The texts in a message, at whatever depth its API has them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        for name in ("content", "parts", "text", "output"):
            yield from _texts(value.get(name))
