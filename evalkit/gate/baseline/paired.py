"""Simulated runs: the same sessions replayed, so that each is compared with itself.

How many got worse and how many better is judged by an exact sign test: if nothing had changed for
the worse, each that moved would be as likely to move either way (Dixon and Mood, 1946; for flags
this is McNemar's test in its exact form). The turns of a session are no tosses of their own: a
session got worse where they did on the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from evalkit.gate.baseline.compared import Shift, Tolerance
from evalkit.gate.baseline.model import BETTER_TRUE, FLAGS, NUMBERS, SessionFacts
from evalkit.metrics.aggregate import aggregate
from evalkit.metrics.definitions import Unit

Pair: TypeAlias = tuple[SessionFacts, SessionFacts]
_Values: TypeAlias = Sequence[tuple[float, float]]
"""What a session had before and has now: once, or turn by turn."""

FIGURES = ("mean", "p50", "p90", "p95", "p99", "max")
"""What of a distribution is looked at: half of it cannot hide what happens to the rest."""


def paired_shifts(scenario: str, pairs: Sequence[Pair], tolerance: Tolerance) -> Iterator[Shift]:
    """Every series of a scenario that moved, one way or the other, for at least one session."""
    for name in FLAGS:
        both = [
            (one.flags[name], other.flags[name])
            for one, other in pairs
            if name in one.flags and name in other.flags
        ]
        yield from _flag(scenario, name, both)
    for name, unit in NUMBERS.items():
        values = [
            [(one.numbers[name], other.numbers[name])]
            for one, other in pairs
            if name in one.numbers and name in other.numbers
        ]
        yield from _number(scenario, f"session.{name}", unit, values, tolerance)
    turns = [list(zip(one.turns, other.turns, strict=False)) for one, other in pairs]
    yield from _number(scenario, "turn.latency", Unit.DURATION, turns, tolerance)


def sign_p(worse: int, better: int) -> float:
    """The chance of at least so many of them worse, if each were worse or better by a fair coin."""
    n = worse + better
    return sum(math.comb(n, k) for k in range(worse, n + 1)) / float(2**n)


def _flag(scenario: str, name: str, both: Sequence[tuple[bool, bool]]) -> Iterator[Shift]:
    up = name in BETTER_TRUE
    worse = sum(before is up and now is not up for before, now in both)
    better = sum(before is not up and now is up for before, now in both)
    if worse or better:
        yield Shift(
            scenario=scenario,
            series=f"session.{name}",
            unit=Unit.SHARE,
            what="rate",
            before=sum(before for before, _ in both) / len(both),
            now=sum(now for _, now in both) / len(both),
            n=len(both),
            worse=worse,
            better=better,
            p=sign_p(max(worse, better), min(worse, better)),
        )


def _number(
    scenario: str,
    series: str,
    unit: Unit,
    sessions: Sequence[_Values],
    tolerance: Tolerance,
) -> Iterator[Shift]:
    moves = [_moved(unit, each, tolerance) for each in sessions]
    worse, better = sum(each > 0 for each in moves), sum(each < 0 for each in moves)
    if not worse and not better:
        return
    what, before, now = _most_moved([p for each in sessions for p in each], up=worse > better)
    yield Shift(
        scenario=scenario,
        series=series,
        unit=unit,
        what=what,
        before=before,
        now=now,
        n=sum(map(bool, sessions)),
        worse=worse,
        better=better,
        p=sign_p(max(worse, better), min(worse, better)),
    )


def _moved(unit: Unit, values: _Values, tolerance: Tolerance) -> float:
    """How far the values of a session moved in all, those that moved more than is tolerated."""
    return sum(now - before for before, now in values if _counts(unit, before, now, tolerance))


def _counts(unit: Unit, before: float, now: float, tolerance: Tolerance) -> bool:
    least = tolerance.time if unit is Unit.DURATION else 0.0
    return abs(now - before) > max(tolerance.share * abs(before), least)


def _most_moved(pairs: _Values, *, up: bool) -> tuple[str, float, float]:
    """The figure (mean, quantile or greatest) that moved most the way most sessions moved."""
    before, now = zip(*pairs, strict=True)
    found = [(name, figure(name, before), figure(name, now)) for name in FIGURES]
    return max(found, key=lambda each: (each[2] - each[1]) * (1 if up else -1))


def figure(name: str, values: Any) -> float:
    """An aggregate of values (a sequence or an array), of which there is at least one."""
    return float(aggregate(name, values) or 0.0)
