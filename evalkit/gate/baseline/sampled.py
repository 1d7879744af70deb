"""Live runs, or other seeds: two samples of sessions, each with its own luck.

The difference of two rates is bounded by Newcombe's hybrid of two Wilson intervals (method 10 of
Newcombe, 1998), the shift of a quantile or mean by a percentile bootstrap over whole sessions
(Efron, 1979), whose draws are keyed by the series, so that a comparison made again comes to the
same. A shift counts where its interval leaves out zero and it is more than the tolerance. Thirty
figures are looked at: the intervals are so wide that all of a scenario hold together (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from evalkit.gate.baseline.compared import Shift
from evalkit.gate.baseline.model import FLAGS, NUMBERS, SessionFacts
from evalkit.gate.baseline.paired import figure
from evalkit.gate.statistics import wilson
from evalkit.keyed import Draw
from evalkit.metrics.aggregate import nearest_rank, percentile_share
from evalkit.metrics.definitions import Unit

FIGURES = ("mean", "p50", "p90", "p95", "p99")
"""What is compared; the greatest of a sample has no interval to speak of."""

ROUNDS = 1_000

_SHARES = tuple(share for share in map(percentile_share, FIGURES) if share is not None)

_Sessions: TypeAlias = Sequence[tuple[float, ...]]


def sampled_shifts(
    scenario: str,
    before: Sequence[SessionFacts],
    now: Sequence[SessionFacts],
    confidence: float,
) -> Iterator[Shift]:
    """Every series of a scenario that both samples have, with the interval of its change; at this
    confidence for all of them together.
    """
    flags = {name: [_flags_of(each, name) for each in (before, now)] for name in FLAGS}
    rates = {name: (one, other) for name, (one, other) in flags.items() if one and other}
    numbers = {
        series: (unit, sides)
        for series, (unit, sides) in _numeric(before, now).items()
        if all(sides)
    }
    each = 1 - (1 - confidence) / max(len(rates) + len(FIGURES) * len(numbers), 1)
    for name, (one, other) in rates.items():
        yield _flag(scenario, name, one, other, each)
    for series, (unit, sides) in numbers.items():
        yield from _numbers(scenario, series, unit, sides, each)


def _flags_of(sessions: Sequence[SessionFacts], name: str) -> list[bool]:
    return [each.flags[name] for each in sessions if name in each.flags]


def _numeric(
    before: Sequence[SessionFacts], now: Sequence[SessionFacts]
) -> dict[str, tuple[Unit, tuple[_Sessions, _Sessions]]]:
    """The values that sessions have of each series, in both samples."""

    def values(sessions: Sequence[SessionFacts], name: str) -> _Sessions:
        return [(each.numbers[name],) for each in sessions if name in each.numbers]

    found = {
        f"session.{name}": (unit, (values(before, name), values(now, name)))
        for name, unit in NUMBERS.items()
    }
    one, other = ([s.turns for s in each if s.turns] for each in (before, now))
    return {**found, "turn.latency": (Unit.DURATION, (one, other))}


def newcombe(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of k2/n2 - k1/n1 (Newcombe, 1998, method 10)."""
    p1, p2 = k1 / n1, k2 / n2
    (l1, u1), (l2, u2) = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    low = p2 - p1 - math.hypot(p2 - l2, u1 - p1)
    high = p2 - p1 + math.hypot(u2 - p2, p1 - l1)
    return max(low, -1.0), min(high, 1.0)


def _flag(
    scenario: str, name: str, one: Sequence[bool], other: Sequence[bool], confidence: float
) -> Shift:
    low, high = newcombe(sum(one), len(one), sum(other), len(other), confidence)
    return Shift(
        scenario=scenario,
        series=f"session.{name}",
        unit=Unit.SHARE,
        what="rate",
        before=sum(one) / len(one),
        now=sum(other) / len(other),
        n=len(other),
        low=low,
        high=high,
    )


def _numbers(
    scenario: str,
    series: str,
    unit: Unit,
    both: tuple[_Sessions, _Sessions],
    confidence: float,
) -> Iterator[Shift]:
    before, now = both
    draw = Draw("bootstrap", scenario, series)
    one, other = _resampled(before, draw.seed("before")), _resampled(now, draw.seed("now"))
    first, second = ([v for each in side for v in each] for side in (before, now))
    for at, name in enumerate(FIGURES):
        changes = sorted(b[at] - a[at] for a, b in zip(one, other, strict=True))
        tail = (1 - confidence) / 2
        yield Shift(
            scenario=scenario,
            series=series,
            unit=unit,
            what=name,
            before=figure(name, first),
            now=figure(name, second),
            n=len(now),
            low=changes[math.floor(tail * (ROUNDS - 1))],
            high=changes[math.ceil((1 - tail) * (ROUNDS - 1))],
        )


def _resampled(sessions: _Sessions, seed: int) -> list[list[float]]:
    """The figures of as many sessions drawn with replacement, round by round."""
    import numpy as np

    generator = np.random.default_rng(seed)
    values = [np.asarray(each, dtype=float) for each in sessions]
    flat, single = np.concatenate(values), all(len(each) == 1 for each in values)
    rounds = []
    for _ in range(ROUNDS):
        chosen = generator.integers(len(values), size=len(values))
        drawn = flat[chosen] if single else np.concatenate([values[at] for at in chosen])
        drawn.sort()
        ranks = (nearest_rank(len(drawn), share) - 1 for share in _SHARES)
        rounds.append([float(drawn.mean()), *(float(drawn[rank]) for rank in ranks)])
    return rounds
