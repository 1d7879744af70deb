"""Records by their key, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from evalkit.services.bodies import json_text

Record: TypeAlias = Mapping[str, Any]


class RecordError(ValueError):
    """This can be no record of the table."""


def text_of(value: Any) -> str:
    """How a value is written in a path or a query: `7` for the number and for the text."""
    return value if isinstance(value, str) else json_text(value)


class Table:
    """The records of one store that one session, or one world, sees.

    A record is replaced, never changed, so whoever has one may keep it. Each bears a number that
    only grows: a page that begins after a number holds whatever else was added or removed.
    """

    def __init__(self, key: str, records: Iterable[Record] = ()) -> None:
        self.key = key
        self._records: dict[str, tuple[int, Record]] = {}
        self._next = 0
        for record in records:
            if (found := self.key_of(record)) in self._records:
                raise RecordError(f"two records have the {key} {found!r}")
            self.put(record)

    def key_of(self, record: Record) -> str:
        """The key of a record as text. Raises `RecordError` where it has none."""
        value = record.get(self.key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return text_of(value)
        raise RecordError(f"a record needs the key `{self.key}`, a text or a whole number")

    def get(self, key: str) -> Record | None:
        """The record of this key."""
        found = self._records.get(key)
        return None if found is None else found[1]

    def put(self, record: Record) -> None:
        """Add a record, or replace the one of its key in its place. Raises `RecordError`."""
        key = self.key_of(record)
        found = self._records.get(key)
        if found is None:
            self._next += 1
        self._records[key] = (self._next if found is None else found[0], record)

    def change(self, key: str, changes: Record) -> None:
        """Set fields of a record, except its key; where it is gone, there is nothing to change."""
        found = self.get(key)
        if found is not None:
            self.put(changed(found, changes, self.key))

    def remove(self, key: str) -> None:
        """Remove the record of this key, if there is one."""
        self._records.pop(key, None)

    def numbered(self, after: int = 0) -> Iterator[tuple[int, Record]]:
        """The records whose number is above `after`, in order, with their numbers."""
        return (each for each in self._records.values() if each[0] > after)

    def by_key(self) -> dict[str, Record]:
        """All records by their keys."""
        return {key: record for key, (_, record) in self._records.items()}

    def __len__(self) -> int:
        return len(self._records)


def changed(record: Record, changes: Record, key: str) -> Record:
    """The record with its fields set as in `changes`, except its key."""
    return {**record, **changes, key: record[key]}


def fits(record: Record, where: Mapping[str, Any]) -> bool:
    """Whether the record has these values; null stands for any."""
    return all(
        value is None or (name in record and text_of(record[name]) == text_of(value))
        for name, value in where.items()
    )
