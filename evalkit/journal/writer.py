"""The journal of a world while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from evalkit.journal.records import AnyRecord

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

    @property
    def records(self) -> tuple[AnyRecord, ...]:
        """The records so far."""
        return tuple(self._records)

    def __len__(self) -> int:
        return len(self._records)
