"""The messages of one queue that one session, or one world, sees, in the order they were put."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from evalkit.services.queues.message import Lease, Message, Status


class Line:
    """Messages by their ids and leases. A message is replaced, never changed."""

    def __init__(self, tries: int, messages: Iterable[Message] = ()) -> None:
        self.tries = tries
        self._open: dict[str, Message] = {}
        self._done: dict[str, Message] = {}
        self._leased: dict[str, str] = {}
        for message in messages:
            self.put(message)

    def get(self, id_: str) -> Message | None:
        """The message of this id."""
        return self._open.get(id_) or self._done.get(id_)

    def of_lease(self, lease: str) -> Message | None:
        """The message that was given out under this lease."""
        id_ = self._leased.get(lease)
        return None if id_ is None else self.get(id_)

    def next(self, at: int) -> Message | None:
        """The first message that can be given out at a moment."""
        return next((each for each in self._open.values() if each.free(at, self.tries)), None)

    def counts(self, at: int) -> dict[str, int]:
        """How many messages there are, by what has become of them by a moment."""
        there = (each for each in (*self._open.values(), *self._done.values()) if each.put <= at)
        found = Counter(each.status(at, self.tries) for each in there)
        return {status.value: found[status] for status in Status}

    # Changes, each of which may come late or twice ---------------------------------------------

    def put(self, message: Message) -> None:
        """Add a message; one that was put twice is there twice."""
        id_, number = message.id, 1
        while self.get(id_) is not None:
            number += 1
            id_ = f"{message.id}-{number}"
        self._open[id_] = replace(message, id=id_)

    def take(self, id_: str, lease: Lease) -> None:
        """Give a message out; twice under one lease is once."""
        message = self._open.get(id_)
        if message is not None and lease.id not in self._leased:
            self._open[id_] = message.taken(lease)
            self._leased[lease.id] = id_

    def acknowledge(self, lease: str) -> None:
        """A message is done with, unless it was given to somebody else by now."""
        message = self._held(lease)
        if message is not None:
            self._done[message.id] = replace(message, acknowledged=True)
            del self._open[message.id]

    def release(self, lease: str, at: int) -> None:
        """A message is given back, unless it was given to somebody else by now."""
        message = self._held(lease)
        if message is not None:
            self._open[message.id] = message.released(at)

    def _held(self, lease: str) -> Message | None:
        """The message whose last lease this is, as long as it is not done with."""
        message = self._open.get(self._leased.get(lease, ""))
        if message is None or message.lease is None or message.lease.id != lease:
            return None
        return message
