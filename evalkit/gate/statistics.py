"""Exact statistics for gates, without a numerical library.

Everything rests on the regularized incomplete beta function: it gives the binomial distribution,
the Clopper-Pearson bounds (also for the fractional counts that an effective sample size makes) and
Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TypeAlias

Cluster: TypeAlias = tuple[float, float]
"""What one session gives: the sum of its values, or the count of its hits, and how many it has."""

_TAIL = 0.025  # whose quantiles are compared: Student's against the normal's
_TINY = 1e-300
_STEPS = 200  # of bisection: until no float lies between


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)  # where the fraction converges fast
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return math.exp(log_front) * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def beta_quantile(share: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = share."""
    return _solve(lambda x: beta_cdf(x, a, b) < share, 0.0, 1.0)


def _solve(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `below` turns from true to false."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


def binomial_cdf(k: int, n: int, share: float) -> float:
    """The probability of at most k hits in n."""
    if k < 0 or k >= n:
        return 0.0 if k < 0 else 1.0
    return beta_cdf(1 - share, n - k, k + 1)


def lower_bound(k: float, n: float, alpha: float) -> float:
    """The one-sided Clopper-Pearson bound: the rate is above it with confidence 1 - alpha."""
    return 0.0 if k <= 0 else beta_quantile(alpha, k, n - k + 1)


def upper_bound(k: float, n: float, alpha: float) -> float:
    """The one-sided Clopper-Pearson bound: the rate is below it with confidence 1 - alpha."""
    return 1.0 if k >= n else beta_quantile(1 - alpha, k + 1, n - k)


def likely_few(k: float, n: float, share: float) -> float:
    """How likely at most k hits in n are at this rate. Below alpha just if it is above the upper
    Clopper-Pearson bound.
    """
    return 1.0 if k >= n else 1 - beta_cdf(share, k + 1, n - k)


def likely_many(k: float, n: float, share: float) -> float:
    """How likely at least k hits in n are at this rate. Below alpha just if it is below the lower
    Clopper-Pearson bound.
    """
    return 1.0 if k <= 0 else beta_cdf(share, k, n - k + 1)


def wilson(k: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's two-sided interval of a rate."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, spread = k / n, z * z / n
    middle = (rate + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    low = 0.0 if k <= 0 else max(0.0, middle - half)
    return low, 1.0 if k >= n else min(1.0, middle + half)


def percentile_ranks(n: int, share: float, alpha: float) -> tuple[int | None, int | None]:
    """The ranks, from 1, of the values that bound a percentile, each with confidence 1 - alpha.

    r = max{r: B(r-1; n, q) <= alpha} and s = min{s: B(s-1; n, q) >= 1 - alpha}; None where n is too
    small for a bound.
    """
    below = _count_true(n, lambda r: _cdf(r, n, share) <= alpha)
    above = _count_true(n, lambda s: _cdf(s, n, share) < 1 - alpha) + 1
    return below or None, above if above <= n else None


def _cdf(rank: int, n: int, share: float) -> float:
    return binomial_cdf(rank - 1, n, share)


def _count_true(n: int, holds: Callable[[int], bool]) -> int:
    """How many of 1, 2, … n hold, given that none does after the first that does not."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def smallest_n(bad_share: float, alpha: float) -> int:
    """How many samples, none of them bad, show that less than this share is bad."""
    return max(1, math.ceil(math.log(alpha) / math.log1p(-bad_share) - 1e-9))


def t_quantile(alpha: float, freedom: int) -> float:
    """The t that Student's distribution exceeds with probability alpha (below one half)."""
    x = beta_quantile(2 * alpha, freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


@dataclass(frozen=True, slots=True)
class Sample:
    """A rate's samples, counted by what is independent of each other: sessions.

    `k` hits in `n`, where `n` is the effective size: what as many independent samples are worth.
    """

    k: float
    n: float


def effective(clusters: Sequence[Cluster]) -> Sample:
    """The effective sample of a rate, given each session's (hits, samples).

    Where each session gives one sample, that is simply what was counted. Where it gives several,
    they tend to fail together, and count for what the variance between sessions says they are
    worth (Korn and Graubard, Survey Methodology 24, 1998: n = r(1-r)/v, corrected for the few
    sessions that v is known from by the square of a ratio of quantiles). With few hits v says too
    little: one lone hit looks like proof that hits come alone, and at the limit 12 % of such gates
    passed. So v is taken as though there had been one more session of nothing but hits, and one of
    none (in the manner of Agresti and Coull's added successes and failures). Where all samples are
    alike each session counts as one, which is the worst that they can be worth; sessions of unequal
    size for somewhat less, as Kish has it (Survey Sampling, 1965), for large ones weigh more.
    """
    total, hits, sessions = _totals(clusters)
    rate = hits / total
    if sessions == total:
        return Sample(hits, total)
    if rate in (0.0, 1.0) or sessions < 2:
        size = total**2 / math.fsum(n**2 for _, n in clusters)
        return Sample(rate * size, size)
    worth = _worth(clusters) * sessions / (sessions + 1)
    size = min(total, worth * _known_from(sessions))
    return Sample(rate * size, size)


def _worth(clusters: Sequence[Cluster]) -> float:
    """How many independent samples these are worth, with one session added at either extreme."""
    total, _, sessions = _totals(clusters)
    mean = total / sessions
    added = [*clusters, (mean, mean), (0.0, mean)]
    everything, hits, _ = _totals(added)
    rate = hits / everything
    variance = cluster_variance(added)
    assert variance  # the two that were added differ
    return rate * (1 - rate) / variance


@cache
def _known_from(sessions: int) -> float:
    """What a variance known from so many sessions leaves of an effective size."""
    normal = NormalDist().inv_cdf(1 - _TAIL)
    return (normal / t_quantile(_TAIL, sessions - 1)) ** 2


def cluster_variance(clusters: Sequence[Cluster]) -> float | None:
    """The variance of the overall mean of values that come in sessions; None of a single one."""
    total, summed, sessions = _totals(clusters)
    if sessions < 2:
        return None
    mean = summed / total
    squares = math.fsum((own - mean * n) ** 2 for own, n in clusters)
    return sessions / (sessions - 1) * squares / total**2


def mean_interval(
    clusters: Sequence[Cluster], confidence: float = 0.95
) -> tuple[float, float] | None:
    """The interval of a mean by Student's t, sessions being what is independent."""
    variance = cluster_variance(clusters)
    if variance is None:
        return None
    total, summed, sessions = _totals(clusters)
    half = t_quantile((1 - confidence) / 2, sessions - 1) * math.sqrt(variance)
    return summed / total - half, summed / total + half


def _totals(clusters: Sequence[Cluster]) -> tuple[float, float, int]:
    return sum(n for _, n in clusters), math.fsum(own for own, _ in clusters), len(clusters)
