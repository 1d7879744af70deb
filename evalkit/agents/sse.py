"""Server-sent events: from the bytes of a stream to its events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile("\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event: its name (`message` unless it says), and its data lines joined."""

    name: str
    data: str


def read_events(body: bytes) -> Iterator[SentEvent]:
    """The events of a stream, as browsers read it: one that no blank line ends is dropped.

    Raises `UnicodeDecodeError` for what is not UTF-8.
    """
    name, data = "", list[str]()
    for line in _LINE_END.split(body.decode("utf-8-sig")):
        if not line:
            if data:
                yield SentEvent(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
