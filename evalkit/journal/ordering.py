"""Which calls of a turn were made in the other order in the second of two runs.

Two calls are in order only where one had ended before the other began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from evalkit.journal.changes import Change, Kind
from evalkit.journal.content import request_content
from evalkit.journal.differing import differing_place
from evalkit.journal.logical import LogicalCall
from evalkit.journal.matching import Pair


def swapped(pairs: Sequence[Pair], origin: int) -> Iterator[Change]:
    """The first two calls of a turn that swapped places."""
    for one, other in combinations(pairs, 2):
        before, after = (one, other) if _before(one.first, other.first) else (other, one)
        if _before(before.first, after.first) and _before(after.second, before.second):
            names = _told_apart(before, after)
            numbers = (
                (_number(before.first), _number(after.first)),
                (_number(after.second), _number(before.second)),
            )
            yield Change(
                kind=Kind.ORDER,
                at=_start(after.first) - origin,
                turn=before.turn,
                what=f"{names[0]} and {names[1]}",
                first=f"{names[0]} before {names[1]}",
                second=f"{names[1]} before {names[0]}",
                calls=numbers,
            )
            return


def _told_apart(one: Pair, other: Pair) -> tuple[str, str]:
    """The names of two calls; those of one operation with what they asked for differently."""
    if one.name != other.name:
        return one.name, other.name
    requests = (request_content(each.some.first.started) for each in (one, other))
    place = differing_place(*requests)
    if place is None:
        return one.name, other.name
    return f"{one.name} for {place.first}", f"{other.name} for {place.second}"


def _before(one: LogicalCall | None, other: LogicalCall | None) -> bool:
    """Whether one had ended when the other began."""
    if one is None or other is None:
        return False
    ends = [each.ended.at for each in one.attempts if each.ended is not None]
    whole = len(ends) == len(one.attempts)
    # Of two moments that are the same, the numbers say which came first.
    return whole and max(ends) <= other.first.started.at and one.first.call < other.first.call


def _number(call: LogicalCall | None) -> int:
    return 0 if call is None else call.first.call


def _start(call: LogicalCall | None) -> int:
    return 0 if call is None else call.first.started.at
