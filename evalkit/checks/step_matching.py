"""Which record of a step tells of which call of a model.

Records stand in the order of the calls. A connection that was refused is no call that must have a
record: nobody knows whether the next one was for the same thing. It may have one, which tells of an
error, or belong to the step of a call before or after it, whose latency then is longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from evalkit.checks.step_records import Reading, StepRecord, differences
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.records import CONNECT
from evalkit.journal.views import CallView

_MOST_WAYS = 200
"""Ways to tell records of refused connections from others that are tried."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The calls of models of a turn, and the connections for such calls that were refused."""

    made: tuple[LogicalCall, ...]
    refused: tuple[CallView, ...]

    @classmethod
    def of(cls, calls: Iterable[CallView]) -> Wire:
        """Of calls to models, in order."""
        calls = tuple(calls)
        refused = tuple(each for each in calls if each.started.operation == CONNECT)
        return cls(logical_calls(each for each in calls if each not in refused), refused)

    def fits(self, records: Sequence[StepRecord]) -> bool:
        """Whether there may be as many records."""
        spare = len(records) - len(self.made)
        return 0 <= spare <= min(len(self.refused), sum(each.failed for each in records))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A record, the call that it should tell of, and in what they differ."""

    record: StepRecord
    logical: LogicalCall
    found: tuple[str, ...]


def mismatches(records: Sequence[StepRecord], wire: Wire, reading: Reading) -> tuple[Mismatch, ...]:
    """What differs when as many records as there are too many are of refused connections: those
    with an error, with which the others fit best.
    """
    failed = [at for at, each in enumerate(records) if each.failed]
    ways = combinations(failed, len(records) - len(wire.made))
    results = (
        tuple(_between([e for at, e in enumerate(records) if at not in way], wire, reading))
        for way in islice(ways, _MOST_WAYS)
    )
    return min(results, key=lambda each: sum(len(one.found) for one in each))


def _between(records: Sequence[StepRecord], wire: Wire, reading: Reading) -> Iterator[Mismatch]:
    for record, logical in zip(records, wire.made, strict=True):
        found = tuple(differences(record, logical, reading, wire.refused))
        if found:
            yield Mismatch(record, logical, found)
