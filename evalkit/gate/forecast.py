"""What so many sessions would cost, from what those of a run did.

The sessions of a run are taken for a sample of those to come. Of scenarios k with shares w_k, the
mean cost of a session is m = Σ w_k m_k. Its variance is that of sessions as clusters, since one
that was run in several scenarios is no independent sample of itself: with u_i = Σ w_k (x_ik - m_k)
/ n_k for each of G sessions i, v = G / (G - 1) Σ u_i² (the linearized variance of a stratified
mean, as in Cochran, Sampling Techniques, 1977, chapter 5). A session to come is of scenario k with
probability w_k, so the costs of N of them vary by N s² beside, with s² = Σ w_k (s_k² + (m_k - m)²).
Their sum is forecast as N m ± t √(N² v + N s²), with Student's t of G - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.gate.statistics import t_quantile

CONFIDENCE = 0.95

Costs: TypeAlias = Mapping[str, Mapping[str, float]]
"""US dollars by scenario and session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its interval at 95 %; None where too little is known for one."""

    figure: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of a session's cost: its mean, that mean's variance, and its own.

    `freedom` is one less than the sessions that this is known from; 0 where there is no variance.
    """

    mean: float
    variance: float
    own: float
    freedom: int

    def of_mean(self) -> Interval:
        """The mean cost of a session."""
        return self._around(self.mean, self.variance)

    def of_sum(self, sessions: int) -> Interval:
        """What so many sessions to come cost together."""
        varies = sessions**2 * self.variance + sessions * self.own
        return self._around(sessions * self.mean, varies)

    def _around(self, figure: float, variance: float) -> Interval:
        if not self.freedom:
            return Interval(figure=figure, low=None, high=None)
        half = t_quantile((1 - CONFIDENCE) / 2, self.freedom) * math.sqrt(variance)
        return Interval(figure=figure, low=max(0.0, figure - half), high=figure + half)


def estimate(costs: Costs, shares: Mapping[str, float]) -> Estimate:
    """What a session costs of which these are the shares by scenario, which add up to 1.

    Each scenario needs a session; where one has a single session, nothing is known of its variance.
    """
    means = {name: _mean(list(costs[name].values())) for name in shares}
    mean = math.fsum(share * means[name] for name, share in shares.items())
    clusters = {session for name in shares for session in costs[name]}
    if min(len(costs[name]) for name in shares) < 2:
        return Estimate(mean, 0.0, 0.0, 0)
    moved = {each: _influence(each, costs, shares, means) for each in clusters}
    squares = math.fsum(each**2 for each in moved.values())
    own = math.fsum(
        share * (_variance(list(costs[name].values())) + (means[name] - mean) ** 2)
        for name, share in shares.items()
    )
    freedom = len(clusters) - 1
    return Estimate(mean, len(clusters) / freedom * squares, own, freedom)


def _influence(
    session: str, costs: Costs, shares: Mapping[str, float], means: Mapping[str, float]
) -> float:
    """What a session adds to the mean, in all scenarios that it was run in."""
    return math.fsum(
        share * (costs[name][session] - means[name]) / len(costs[name])
        for name, share in shares.items()
        if session in costs[name]
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return math.fsum((each - mean) ** 2 for each in values) / (len(values) - 1)
