"""The seam between a network and what answers behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from evalkit.journal.records import Outcome
from evalkit.wire import Reply, Request, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What becomes of a connection: accepted after `wait` nanoseconds, or `refused` then, or the
    name that led to it is `unknown`.

    `over` is told how it ended: replied, refused, or abandoned by the client while it waited.
    """

    wait: int = 0
    refused: bool = False
    unknown: bool = False
    over: Callable[[Outcome], None] = lambda _: None


class Exchange(Protocol):
    """One request and its reply. The network tells it how the reply fares on the wire."""

    @property
    def waits(self) -> bool:
        """Whether `reply` may wait; if not, it needs no task of its own."""
        ...

    async def reply(self) -> Reply | None:
        """What to send; None closes the connection as if it had gone idle too long."""

    def played(self, step: Step) -> None:
        """The step has taken its effect on the client."""

    def closed(self, outcome: Outcome, sent: int) -> None:
        """The exchange is over; `sent` bytes had gone out."""


class Endpoint(Protocol):
    """What answers at a host."""

    def connecting(self) -> Admission:
        """Decide about a connection that is being opened."""

    def open(self, request: Request) -> Exchange:
        """Begin an exchange. Called in the context of the code that wrote the request."""
