"""What can be said of a gate with confidence, its sessions being a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from evalkit.gate.compare import compare
from evalkit.gate.model import Comparison, Gate
from evalkit.gate.samples import Samples
from evalkit.gate.statistics import (
    Sample,
    effective,
    lower_bound,
    mean_interval,
    percentile_ranks,
    smallest_n,
    upper_bound,
    wilson,
)
from evalkit.gate.verdict import Verdict

SHOWN = 0.95
"""The confidence of the intervals that are shown."""

_MOST_SESSIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Claim:
    """A gate as a claim about a rate: how many values are hits compares so with a share."""

    hit: Callable[[Any], bool]
    op: Comparison
    share: float


@dataclass(frozen=True, slots=True)
class Confident:
    """A verdict with confidence. `needed` says how many sessions would settle it, if known."""

    verdict: Verdict
    needed: int | None = None


def decide(gate: Gate, samples: Samples, confidence: float) -> Confident:
    """The verdict of a gate on a rate or a percentile, with this confidence on either side."""
    claim = _claim(gate)
    sample = effective(samples.clusters(claim.hit))
    verdict = _verdict(claim, sample, 1 - confidence)
    if verdict is not Verdict.INCONCLUSIVE:
        return Confident(verdict)
    return Confident(verdict, _needed(claim, sample, samples.session_count, 1 - confidence))


def _claim(gate: Gate) -> _Claim:
    """`p90 < T` claims that at most 10 % of the values are T or more, and so on."""
    limit, share = gate.limit, gate.percentile
    if share is None:
        return _Claim(bool, gate.op, limit)
    if gate.op in ("<", "<="):
        return _Claim(lambda value: not compare(value, gate.op, limit), "<=", float(1 - share))
    return _Claim(lambda value: not compare(value, gate.op, limit), "<", float(share))


def _verdict(claim: _Claim, sample: Sample, alpha: float) -> Verdict:
    low = lower_bound(sample.k, sample.n, alpha)
    high = upper_bound(sample.k, sample.n, alpha)
    good, bad = (high, low) if claim.op in ("<", "<=") else (low, high)
    if compare(good, claim.op, claim.share):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE if compare(bad, claim.op, claim.share) else Verdict.FAIL


def _needed(claim: _Claim, sample: Sample, sessions: int, alpha: float) -> int | None:
    """How many sessions like these would settle the claim; None if too many to be of use."""

    def settled(count: int) -> bool:
        factor = count / sessions
        more = Sample(sample.k * factor, sample.n * factor)
        return _verdict(claim, more, alpha) is not Verdict.INCONCLUSIVE

    high = sessions
    while not settled(high):
        high *= 2
        if high > _MOST_SESSIONS:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if settled(middle) else (middle, high)
    return high


def least_sessions(gate: Gate, confidence: float) -> int | None:
    """How many sessions the gate needs to pass at all, were every one of them good."""
    claim = _claim(gate)
    share = claim.share if claim.op in ("<", "<=") else 1 - claim.share
    if not 0 < share < 1:
        return None
    return smallest_n(share, 1 - confidence)


def interval(gate: Gate, samples: Samples) -> tuple[float | None, float | None]:
    """The interval to show beside the observed figure; None on a side that has no bound."""
    if gate.aggregate == "rate":
        sample = effective(samples.clusters(bool))
        return wilson(sample.k, sample.n, SHOWN)
    share = gate.percentile
    if share is not None and 0 < share < 1:
        return _order_interval(samples, share)
    if gate.aggregate == "mean":
        return mean_interval(samples.clusters(float), SHOWN) or (None, None)
    return None, None


def _order_interval(samples: Samples, share: Fraction) -> tuple[float | None, float | None]:
    """The values at the ranks that bound a percentile, the ranks being of the effective size."""
    values = sorted(samples.values)
    n = len(values)
    middle = values[max(1, ceil(share * n)) - 1]
    size = max(1, floor(effective(samples.clusters(lambda value: value <= middle)).n))
    low, high = percentile_ranks(size, float(share), (1 - SHOWN) / 2)
    return (
        None if low is None else values[(low - 1) * n // size],
        None if high is None else values[-(-high * n // size) - 1],
    )
