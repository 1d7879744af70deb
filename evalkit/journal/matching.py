"""Which logical calls of a turn are the same in two runs, and what became of them in each.

Calls that ask for the same are matched in order of occurrence; of the rest, those of one operation,
as calls that ask for something else; what is left was made in one run only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.journal.changes import Change, Kind
from evalkit.journal.content import reply_content, request_content
from evalkit.journal.differing import Place, differing_place, excerpts
from evalkit.journal.logical import LogicalCall
from evalkit.journal.outcomes import outcome_of
from evalkit.journal.plain import Plain, dump
from evalkit.journal.views import CallView


@dataclass(frozen=True, slots=True)
class Pair:
    """A logical call in both runs; `exact` says that it asks for the same in both."""

    first: LogicalCall | None
    second: LogicalCall | None
    exact: bool = False

    @property
    def some(self) -> LogicalCall:
        """The call in the first run that has it."""
        call = self.first or self.second
        assert call is not None
        return call

    @property
    def name(self) -> str:
        """What was called."""
        return f"{self.some.service} {self.some.operation}"

    @property
    def turn(self) -> int | None:
        """In which turn."""
        return self.some.turn

    @property
    def numbers(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The numbers of its calls in each run."""
        first, second = (() if each is None else each.numbers for each in (self.first, self.second))
        return first, second


def matched(first: Sequence[LogicalCall], second: Sequence[LogicalCall]) -> tuple[Pair, ...]:
    """The calls of a turn of both runs in pairs, in the order of the first run."""
    same = _paired(first, second, _asked)
    pairs = [Pair(one, other, exact=True) for one, other in same if one and other]
    ours = [one for one, other in same if one and not other]
    theirs = [other for one, other in same if other and not one]
    pairs += [Pair(one, other) for one, other in _paired(ours, theirs, _operation)]
    return tuple(sorted(pairs, key=lambda each: (each.first is None, each.some.first.call)))


def _paired(
    first: Iterable[LogicalCall],
    second: Iterable[LogicalCall],
    key: Callable[[LogicalCall], Hashable],
) -> list[tuple[LogicalCall | None, LogicalCall | None]]:
    """Calls of one key in order; None where the other run has no more of it."""
    waiting: dict[Hashable, list[LogicalCall]] = {}
    for each in second:
        waiting.setdefault(key(each), []).append(each)
    pairs: list[tuple[LogicalCall | None, LogicalCall | None]] = []
    for each in first:
        same = waiting.get(key(each))
        pairs.append((each, same.pop(0) if same else None))
    return pairs + [(None, each) for rest in waiting.values() for each in rest]


def _asked(call: LogicalCall) -> Hashable:
    return (*_operation(call), dump(request_content(call.first.started)))


def _operation(call: LogicalCall) -> tuple[str, str]:
    return call.service, call.operation


def pair_changes(pair: Pair, origins: tuple[int, int]) -> Iterator[Change]:
    """What is different about a call in the second run."""
    if pair.first is None or pair.second is None:
        yield _one_sided(pair, origins)
        return
    at = pair.first.first.started.at - origins[0]
    if not pair.exact:
        yield _asks_else(pair, pair.first, pair.second, at)
    yield from _attempts(pair, pair.first, pair.second, origins[0])
    if len(pair.first.attempts) != len(pair.second.attempts):
        shorter = min(len(pair.first.attempts), len(pair.second.attempts))
        last = pair.first.attempts[shorter - 1]
        yield Change(
            kind=Kind.RETRIES,
            at=(last.started if last.ended is None else last.ended).at - origins[0],
            turn=pair.turn,
            what=pair.name,
            first=_attempts_of(pair.first),
            second=_attempts_of(pair.second),
            calls=pair.numbers,
        )


def _one_sided(pair: Pair, origins: tuple[int, int]) -> Change:
    origin = origins[pair.first is None]
    words = [_attempts_of(each) if each else "not called" for each in (pair.first, pair.second)]
    return Change(
        kind=Kind.CALLS,
        at=pair.some.first.started.at - origin,
        turn=pair.turn,
        what=pair.name,
        first=words[0],
        second=words[1],
        calls=pair.numbers,
    )


def _attempts_of(call: LogicalCall) -> str:
    outcomes = ", ".join(outcome_of(each) for each in call.attempts)
    count = len(call.attempts)
    return f"{count} attempt{'s' * (count != 1)} ({outcomes})"


def _asks_else(pair: Pair, first: LogicalCall, second: LogicalCall, at: int) -> Change:
    one, other = (request_content(each.first.started) for each in (first, second))
    place = _place(one, other)
    return Change(
        kind=Kind.REQUESTS,
        at=at,
        turn=pair.turn,
        what=pair.name,
        first=_or_nothing(place.first),
        second=_or_nothing(place.second),
        where=place.path or None,
        calls=((first.first.call,), (second.first.call,)),
    )


def _attempts(pair: Pair, first: LogicalCall, second: LogicalCall, origin: int) -> Iterator[Change]:
    """The first attempt that met something else: another fault, or else another reply."""
    for one, other in zip(first.attempts, second.attempts, strict=False):
        change = _met(pair, one, other, origin)
        if change is not None:
            yield change
            return


def _met(pair: Pair, one: CallView, other: CallView, origin: int) -> Change | None:
    """How an attempt fared differently: a fault before what follows from it."""
    faults = (_faults(one), _faults(other))
    outcomes = (outcome_of(one), outcome_of(other))
    if faults[0] != faults[1]:
        kind, place = Kind.FAULTS, Place("", *faults)
    elif outcomes[0] != outcomes[1]:
        kind, place = Kind.REPLIES, Place("", *outcomes)
    else:
        # To another question another reply is due.
        body = _body_place(one, other) if pair.exact else None
        if body is None:
            return None
        kind, place = Kind.REPLIES, body
    return Change(
        kind=kind,
        at=(one.started if one.ended is None else one.ended).at - origin,
        turn=pair.turn,
        what=pair.name,
        first=_or_nothing(place.first),
        second=_or_nothing(place.second),
        where=place.path or None,
        calls=((one.call,), (other.call,)),
    )


def _body_place(one: CallView, other: CallView) -> Place | None:
    """Where the bodies of two replies differ; None where they say the same."""
    if one.ended is None or other.ended is None:
        return None
    first, second = reply_content(one.ended), reply_content(other.ended)
    return None if dump(first) == dump(second) else _place(first, second)


def _place(first: Plain, second: Plain) -> Place:
    """Where they differ. Python takes 1 and true for equal, which JSON does not."""
    return differing_place(first, second) or Place("", *excerpts(dump(first), dump(second)))


def _or_nothing(text: str | None) -> str:
    return "nothing" if text is None else text


def _faults(call: CallView) -> str:
    names = sorted({each.fault for each in call.delivered})
    return " and ".join(names) or "no fault"
