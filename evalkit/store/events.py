"""The events table: one row per record of the journal, from which the records can be made again.

What readers filter by has a column of its own; the rest of a record is JSON in `data`, and bodies,
which may be any bytes, are in `body`, cut to `LONGEST_BODY`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from evalkit.journal import records as journal
from evalkit.journal.records import AnyRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LONGEST_BODY = 64 * 1024
"""How many bytes of a request's or reply's body are kept."""

KINDS: Mapping[str, type[AnyRecord]] = MappingProxyType(
    {
        "session_started": journal.SessionStarted,
        "session_ended": journal.SessionEnded,
        "turn_started": journal.TurnStarted,
        "turn_ended": journal.TurnEnded,
        "call_started": journal.CallStarted,
        "call_ended": journal.CallEnded,
        "fault": journal.FaultMoved,
        "fault_missed": journal.FaultMissed,
        "effect": journal.EffectCommitted,
        "callback": journal.CallbackSent,
        "finding": journal.Finding,
        "log": journal.LogWritten,
    }
)
_KIND_OF = {record: kind for kind, record in KINDS.items()}
_COLUMNS = ("at", "session", "turn", "call", "service", "body")
_REST: Mapping[type[AnyRecord], tuple[str, ...]] = {
    record: tuple(each.name for each in fields(record) if each.name not in _COLUMNS)
    for record in KINDS.values()
}
"""The fields of each record that have no column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One record of the journal. `seq` is its place in its cell, `at` world time in nanoseconds."""

    scenario: str
    cell: int
    seq: int
    at: int
    session: str | None
    turn: int | None
    kind: str
    call: int | None
    service: str | None
    data: str
    body: bytes | None


def rows_of(records: Iterable[AnyRecord], *, scenario: str, cell: int) -> Iterator[EventRow]:
    """The rows of a cell's records, in their order."""
    for seq, record in enumerate(records):
        body: bytes | None = getattr(record, "body", None)
        yield EventRow(
            scenario=scenario,
            cell=cell,
            seq=seq,
            at=record.at,
            session=record.session,
            turn=record.turn,
            kind=_KIND_OF[type(record)],
            call=getattr(record, "call", None),
            service=getattr(record, "service", None),
            data=_json(record),
            body=None if body is None else body[:LONGEST_BODY],
        )


def _json(record: AnyRecord) -> str:
    return _ENCODER.encode({name: getattr(record, name) for name in _REST[type(record)]})


def _plain(value: object) -> object:
    """What JSON has no form for: the parts of a nested record, or else its text."""
    if hasattr(value, "__dataclass_fields__"):
        return {each: getattr(value, each) for each in value.__dataclass_fields__}
    return dict(value) if isinstance(value, Mapping) else str(value)


_ENCODER = json.JSONEncoder(default=_plain, skipkeys=True, separators=(",", ":"))


def record_of(row: Mapping[str, Any]) -> AnyRecord:
    """The record that a row was made of."""
    kind: str = row["kind"]
    values = json.loads(row["data"])
    for name in _COLUMNS:
        if name in KINDS[kind].__dataclass_fields__ and row[name] is not None:
            values[name] = row[name]
    return _adapter(kind).validate_python(values)


@cache
def _adapter(kind: str) -> TypeAdapter[AnyRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(KINDS[kind])
