"""Reads an agent's reply out of an HTTP response: JSON, or a stream of server-sent events.

In a stream, events whose data is a JSON object are read by the mappings: the texts found are joined
in order, so that deltas make up the reply, and of everything else the last that was found counts.
(A stream that repeats the whole text at its end needs a `text` mapping that only one of the two
matches.) Where no event is a JSON object, the data of all events joined is the text. `[DONE]` ends
a stream for some; it is left out. An event named `error` fails the turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.agents.base import AgentFailed, Reply, read_answer
from evalkit.agents.calling import Response
from evalkit.agents.sse import SentEvent, read_events
from evalkit.jsonpaths import at_path, parsed
from evalkit.suite.model import ReplyMapping

_DONE = "[DONE]"


class ReplyReader:
    """The mappings of a suite, compiled."""

    def __init__(self, mapping: ReplyMapping) -> None:
        given: dict[str, str | None] = mapping.model_dump()
        self._written = {name: path for name, path in given.items() if path is not None}
        for path in self._written.values():
            parsed(path)  # now, not while a turn is under way

    def read(self, response: Response) -> Reply:
        """The reply. Raises `AgentFailed` where the response holds none."""
        if not 200 <= response.status < 300:
            raise AgentFailed(f"the agent answered {response.status}: {response.excerpt()}")
        try:
            if response.media_type == "text/event-stream":
                return self._stream(list(read_events(response.body)))
            return self._whole([json.loads(response.body)])
        except (ValueError, RecursionError) as error:
            raise AgentFailed(
                f"the agent's reply ({response.media_type or 'without a content type'}) cannot be "
                f"read: {error}: {response.excerpt()}"
            ) from error

    def _stream(self, events: list[SentEvent]) -> Reply:
        for event in events:
            if event.name == "error":
                raise AgentFailed(f"the agent's stream holds an error: {event.data[:200]}")
        data = [event.data for event in events if event.data != _DONE]
        objects = [found for each in data if (found := _object(each)) is not None]
        return self._whole(objects) if objects else Reply("".join(data))

    def _whole(self, values: list[Any]) -> Reply:
        found = {name: self._find(path, values) for name, path in self._written.items()}
        if (error := _last(found.get("error"))) is not None:
            raise AgentFailed(f"the agent reported an error: {_shown(error)}")
        if not found["text"]:
            raise AgentFailed(self._no_text(values))
        return Reply(
            self._text(found["text"]),
            self._answer(_last(found.get("answer"))),
            self._confidence(_last(found.get("confidence"))),
            self._context(_last(found.get("context"))),
        )

    @staticmethod
    def _find(path: str, values: Iterable[Any]) -> list[Any]:
        """What stands at a path that is not null; of each value the last."""
        found = [at[-1] for value in values if (at := at_path(path, value))]
        return [each for each in found if each is not None]

    def _no_text(self, values: list[Any]) -> str:
        keys = dict.fromkeys(key for each in values if isinstance(each, dict) for key in each)
        what = f"its keys: {', '.join(keys)}" if keys else f"it is {_shown(values[0])}"
        return f"the agent's reply has nothing at {self._written['text']}; {what}"

    def _text(self, found: list[Any]) -> str:
        for each in found:
            if not isinstance(each, str):
                raise self._wrong("text", each, "a text")
        return "".join(found)

    def _answer(self, found: Any) -> Any:
        try:
            return read_answer(found)
        except ValueError as error:
            raise AgentFailed(f"at {self._written['answer']}: {error}") from None

    def _confidence(self, found: Any) -> float | None:
        if isinstance(found, bool) or not isinstance(found, int | float | None):
            raise self._wrong("confidence", found, "a number")
        return found

    def _context(self, found: Any) -> Mapping[str, Any]:
        if not isinstance(found, dict | None):
            raise self._wrong("context", found, "an object")
        return found or {}

    def _wrong(self, name: str, found: Any, allowed: str) -> AgentFailed:
        return AgentFailed(f"{self._written[name]} is {_shown(found)}; allowed: {allowed}")


def _object(data: str) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _last(found: list[Any] | None) -> Any:
    return found[-1] if found else None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}..."
