"""The journal of a load test, which may go on for hours: of sessions that are over, the latest are
in memory and the others in a file without a name, which is gone with its process.
"""

from __future__ import annotations

import pickle
import struct
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import IO, Any, TypeAlias, get_args

from evalkit.engine.cells import PlannedSession
from evalkit.journal.records import AnyRecord
from evalkit.journal.writer import Journal

BLOCK = 100_000
"""Records of sessions that are over that stay in memory, and that are judged at a time."""

_LENGTH = struct.Struct("<I")

Key: TypeAlias = tuple[str, str, str | None, int | None]
"""What a session is made again of: its id, that of its record, its region, and when it arrived."""

NOBODY: Key = ("", "", None, None)
"""Stands for the session of records that are of none."""

Over: TypeAlias = tuple[Key, list[AnyRecord]]


def key_of(planned: PlannedSession) -> Key:
    """What a session is made again of."""
    return planned.id, planned.record.id, planned.record.region, planned.arrival


class Spill(Journal):
    """A journal by sessions. One that is over may have records that come late."""

    def __init__(self, block: int = BLOCK) -> None:
        super().__init__()
        self._block = block
        self._open: dict[str | None, list[AnyRecord]] = {}
        self._kept: deque[Over] = deque()
        self._size = 0  # records kept of sessions that are over
        self._count = 0
        self._file: IO[bytes] | None = None
        self.spilled = 0
        """Sessions in the file."""

    def append(self, record: AnyRecord) -> None:
        """Keep a record."""
        self._count += 1
        own = self._open.setdefault(record.session, [])
        own.append(record)
        if record.session is None and len(own) >= self._block:
            self._spill((NOBODY, self._open.pop(None)))

    @property
    def records(self) -> tuple[AnyRecord, ...]:
        """Those of sessions that are not over, and of none."""
        return tuple(each for records in self._open.values() for each in records)

    def __len__(self) -> int:
        return self._count

    def over(self, planned: PlannedSession) -> None:
        """A session is over."""
        records = self._open.pop(planned.id, [])
        self._kept.append((key_of(planned), records))
        self._size += len(records)
        while self._size > self._block:
            oldest = self._kept.popleft()
            self._size -= len(oldest[1])
            self.spilled += 1
            self._spill(oldest)

    def _spill(self, over: Over) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="evalkit-")  # noqa: SIM115
        data = _packed(over)
        self._file.write(_LENGTH.pack(len(data)) + data)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def blocks(self) -> Iterator[list[Over]]:
        """The sessions that are over, in that order and in blocks, each with all its records. They
        can be had once.
        """
        block: list[Over] = []
        size = 0
        for key, records in self._all():
            whole = records + self._open.pop(key[0], [])  # what came late
            block.append((key, whole))
            size += len(whole)
            if size >= self._block:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _all(self) -> Iterator[Over]:
        if self._file is not None:
            self._file.seek(0)
            while head := self._file.read(_LENGTH.size):
                yield _unpacked(self._file.read(_LENGTH.unpack(head)[0]))
            self.close()
        while self._kept:
            yield self._kept.popleft()


def _packed(over: Over) -> bytes:
    """A session as bytes. Its records go as the values of their fields: what pickle makes of frozen
    dataclasses takes three times as long.
    """
    key, records = over
    rows = [(kind := type(each), _VALUES[kind](each)) for each in records]
    return pickle.dumps((key, rows), pickle.HIGHEST_PROTOCOL)


def _unpacked(data: bytes) -> Over:
    key, rows = pickle.loads(data)
    return key, [kind(**dict(zip(_NAMES[kind], own, strict=True))) for kind, own in rows]


_NAMES: Mapping[type[AnyRecord], tuple[str, ...]] = {
    kind: tuple(each.name for each in fields(kind)) for kind in get_args(AnyRecord)
}
_VALUES: Mapping[type[AnyRecord], Callable[[AnyRecord], Any]] = {
    kind: attrgetter(*names) for kind, names in _NAMES.items()
}
