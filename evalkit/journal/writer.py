"""The journal of a world while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from evalkit.journal.records import AnyRecord, CallEnded, CallStarted

Listener: TypeAlias = Callable[[AnyRecord], None]


class Journal:
    """The records of a world, in order. Listeners are told of each record once it is kept."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self._records: list[AnyRecord] = []
        self._listeners = tuple(listeners)

    def append(self, record: AnyRecord) -> None:
        """Keep a record."""
        self._records.append(record)
        for listener in self._listeners:
            listener(record)

    def call_began(self, service: str, make: Callable[..., CallStarted], *of: Any) -> None:
        """A call of a service began. `make` gives its record of the rest; a journal that has no use
        for it does without.
        """
        del service
        self.append(make(*of))

    def call_ended(
        self, service: str, *, failed: bool, complaint: str | None, make: Callable[[], CallEnded]
    ) -> None:
        """A call of a service is over: the same."""
        del service, failed, complaint
        self.append(make())

    @property
    def records(self) -> tuple[AnyRecord, ...]:
        """The records so far."""
        return tuple(self._records)

    def __len__(self) -> int:
        return len(self._records)
