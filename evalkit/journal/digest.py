"""The digest of a journal: one hash that is the same when the same happened in the same order.

The agent's log is left out. What it says may come from its process and not from the world (ids of
processes and threads, memory, CPU time), threads that are not the world's write to it when they
like, and how the agent dealt with its services and its users is in the other records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from evalkit.journal.differing import cut, excerpts
from evalkit.journal.plain import Plain, Plainer, dump
from evalkit.journal.records import AnyRecord, LogWritten, SessionStarted


def digest(records: Iterable[AnyRecord]) -> str:
    """The digest of a world's records, in order."""
    return _digest(records, Plainer())


def session_digest(records: Iterable[AnyRecord], session: str) -> str:
    """The digest of one session's part, with times relative to its start.

    So a session that is run alone compares equal with itself among others.
    """
    own = session_records(records, session)
    return _digest(own, Plainer(_start(own)))


def session_records(records: Iterable[AnyRecord], session: str) -> tuple[AnyRecord, ...]:
    """The records of one session, in order."""
    return tuple(record for record in records if record.session == session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first record in which two journals differ, and how.

    `field` is None where one journal ends before the other; `left` or `right` then is None too.
    """

    index: int
    record: str
    session: str | None
    turn: int | None
    field: str | None
    left: str | None
    right: str | None

    def __str__(self) -> str:
        where = f"record {self.index} ({self.record}"
        where += "" if self.session is None else f" of session {self.session}"
        where += ")" if self.turn is None else f", turn {self.turn})"
        if self.field is None:
            side = "first" if self.right is None else "second"
            return f"{where} is in the {side} only: {self.left or self.right}"
        return f"{where} differs in `{self.field}`: {self.left} ≠ {self.right}"


def first_difference(a: Sequence[AnyRecord], b: Sequence[AnyRecord]) -> Difference | None:
    """Where two journals begin to differ, or None if they have one digest."""
    plain_a, plain_b = Plainer(), Plainer()
    for index, (left, right) in enumerate(zip_longest(_counted(a), _counted(b))):
        here = left or right
        of_left = None if left is None else plain_a.record(left)
        of_right = None if right is None else plain_b.record(right)
        if of_left != of_right:
            return _difference(index, here, of_left, of_right)
    return None


def _digest(records: Iterable[AnyRecord], plainer: Plainer) -> str:
    state = hashlib.sha256()
    for record in _counted(records):
        # The literal of a list is the same in every version of Python, and quick to make.
        state.update(ascii(plainer.values(record)).encode())
    return state.hexdigest()


def _counted(records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
    return (record for record in records if type(record) is not LogWritten)


def _start(records: Iterable[AnyRecord]) -> int:
    starts = (record.at for record in records if isinstance(record, SessionStarted))
    return next(starts, 0)


def _difference(
    index: int, here: AnyRecord, left: dict[str, Plain] | None, right: dict[str, Plain] | None
) -> Difference:
    field = None if left is None or right is None else _first_field(left, right)
    if field is None:
        texts = tuple(None if each is None else cut(dump(each)) for each in (left, right))
    else:
        texts = excerpts(dump((left or {}).get(field)), dump((right or {}).get(field)))
    return Difference(
        index=index,
        record=type(here).__name__,
        session=here.session,
        turn=here.turn,
        field=field,
        left=texts[0],
        right=texts[1],
    )


def _first_field(left: dict[str, Plain], right: dict[str, Plain]) -> str:
    """The first field that differs; the kind of the record and its session come before times."""
    first = ("record", "session", "turn", "call")
    order = [*first, *(name for name in left if name not in first and name != "at"), "at", *right]
    return next(name for name in order if left.get(name) != right.get(name))
