"""How an API writes a reply, as far as one that is written has to be taken apart again.

Replies are written in one go, token by token; this is for what goes wrong with them afterwards.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

from evalkit.services.llm.asked import Asked
from evalkit.wire import Telling

Mark: TypeAlias = Literal["finish", "done"]
"""What can end a stream: the reason why the model stopped, the event after which no more comes."""

MARKS: tuple[Mark, ...] = ("finish", "done")

Told: TypeAlias = dict[str, Any]
"""The JSON of an event, or of a reply in one piece."""


class Dialect(Protocol):
    """The manner of one API."""

    def done(self, event: bytes) -> bool:
        """Whether an event only says that no more comes."""
        ...

    def says(self, told: Told) -> bool:
        """Whether an event holds something of what the model says."""
        ...

    def without(self, part: Telling, told: Told) -> Told | None:
        """What is told without a part of it; None where nothing is left."""
        ...

    def error(self, status: int) -> Told:
        """The body that tells of an error."""
        ...

    def error_event(self, status: int, number: int, asked: Asked) -> bytes:
        """The event that tells of an error, the one of this number from 0 in its stream."""
        ...
