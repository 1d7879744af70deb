"""What can be said of a gate with confidence, its sessions being a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from evalkit.gate.compare import compare_each
from evalkit.gate.model import Comparison, Gate
from evalkit.gate.samples import Samples
from evalkit.gate.statistics import (
    Sample,
    effective,
    likely_few,
    likely_many,
    lower_bound,
    mean_interval,
    percentile_ranks,
    smallest_n,
    upper_bound,
    wilson,
)
from evalkit.gate.verdict import Verdict

if TYPE_CHECKING:
    from evalkit.metrics.columns import Flags, Values

SHOWN = 0.95
"""The confidence of the intervals that are shown."""

_MOST_SESSIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Claim:
    """A gate as a claim about a rate: how many values are hits compares so with a share."""

    hits: Callable[[Values], Flags]
    op: Comparison
    share: float


@dataclass(frozen=True, slots=True)
class Confident:
    """A verdict with confidence. `needed` says how many sessions would settle it, if known."""

    verdict: Verdict
    needed: int | None = None


def decide(gate: Gate, samples: Samples, confidence: float) -> Confident:
    """The verdict of a gate on a rate or a percentile, with this confidence on either side."""
    claim, sample = _claimed(gate, samples)
    verdict = _verdict(claim, sample, 1 - confidence)
    if verdict is not Verdict.INCONCLUSIVE:
        return Confident(verdict)
    return Confident(verdict, _needed(claim, sample, samples.session_count, 1 - confidence))


def verdict_of(gate: Gate, samples: Samples, confidence: float) -> Verdict:
    """The verdict alone, without what would settle it."""
    return _verdict(*_claimed(gate, samples), 1 - confidence)


def _claimed(gate: Gate, samples: Samples) -> tuple[_Claim, Sample]:
    """What the gate claims of a rate, and what the samples say of that rate."""
    claim = _claim(gate)
    return claim, effective(samples.clusters(claim.hits(samples.values)))


def can_be_sure(gate: Gate) -> bool:
    """Whether a confidence can be had in what the gate says: in rates and percentiles."""
    share = gate.percentile
    figure = gate.aggregate == "rate" or (share is not None and 0 < share < 1)
    return figure and gate.op not in ("==", "!=")


def _claim(gate: Gate) -> _Claim:
    """`p90 < T` claims that at most 10 % of the values are T or more, and so on.

    So a percentile is judged by the exact count of values on the wrong side of its limit.
    """
    limit, share = gate.limit, gate.percentile
    if share is None:
        return _Claim(lambda values: values, gate.op, limit)

    def beyond(values: Values) -> Flags:
        return ~compare_each(values, gate.op, limit)

    if gate.op in ("<", "<="):
        return _Claim(beyond, "<=", float(1 - share))
    return _Claim(beyond, "<", float(share))


def _verdict(claim: _Claim, sample: Sample, alpha: float) -> Verdict:
    """By the Clopper-Pearson bounds: each is beyond the share just if what was seen is unlikely."""
    few, many = (likely(sample.k, sample.n, claim.share) for likely in (likely_few, likely_many))
    good, bad = (few, many) if claim.op in ("<", "<=") else (many, few)
    strict = claim.op in ("<", ">")
    if good < alpha or (good == alpha and not strict):
        return Verdict.PASS
    return Verdict.FAIL if bad < alpha or (bad == alpha and strict) else Verdict.INCONCLUSIVE


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


def interval(
    gate: Gate, samples: Samples, confidence: float | None = None
) -> tuple[float | None, float | None]:
    """The interval to show beside the observed figure; None on a side that has no bound.

    Where the gate was judged with a confidence its bounds are those of the verdict, so that the two
    agree: each side holds with that confidence. Otherwise both together hold with that of `SHOWN`.
    """
    alpha = (1 - SHOWN) / 2 if confidence is None else 1 - confidence
    if gate.aggregate == "rate":
        sample = effective(samples.clusters(samples.values))
        if confidence is None:
            return wilson(sample.k, sample.n, SHOWN)
        return lower_bound(sample.k, sample.n, alpha), upper_bound(sample.k, sample.n, alpha)
    share = gate.percentile
    if share is not None and 0 < share < 1:
        return _order_interval(samples, share, alpha)
    if gate.aggregate == "mean":
        return mean_interval(samples.clusters(samples.values), SHOWN) or (None, None)
    return None, None


def _order_interval(
    samples: Samples, share: Fraction, alpha: float
) -> tuple[float | None, float | None]:
    """The values at the ranks that bound a percentile, the ranks being of the effective size."""
    n = len(samples.values)
    reached = compare_each(samples.values, "<=", samples.measured.percentile(share))
    size = max(1, floor(effective(samples.clusters(reached)).n))
    low, high = percentile_ranks(size, float(share), alpha)
    # A rank of the effective size stands for the ranks of as large a share of all values.
    first = 1 if low is None else (low - 1) * n // size + 1
    last = n if high is None else -(-high * n // size)
    measured = samples.measured
    return None if low is None else measured.at(first), None if high is None else measured.at(last)
