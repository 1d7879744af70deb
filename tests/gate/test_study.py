"""A study of the method behind `@ 95%`: how often it is wrong where the truth is at the limit.

At the limit a gate ought neither to pass nor to fail with confidence, and each may happen in at
most 5 % of all runs. Runs are drawn by keyed seeds, so the rates are the same every time.
`python -m tests.gate.test_study` prints them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from evalkit.gate import Verdict, parse_gate
from evalkit.gate.confidence import verdict_of
from evalkit.gate.samples import Samples
from evalkit.keyed import Draw

RUNS = 1500
WRONG = 0.05

Random = np.random.Generator
Shares = Callable[[Random, int, float], Any]
"""The probability of a hit in each of so many sessions, whose mean is the one given."""


def alike(random: Random, sessions: int, share: float) -> Any:
    """Calls fail independently of each other."""
    return np.full(sessions, share)


def varied(correlation: float) -> Shares:
    """Sessions differ by a beta distribution: calls of one correlate by this much."""

    def shares(random: Random, sessions: int, share: float) -> Any:
        spread = (1 - correlation) / correlation
        return random.beta(share * spread, (1 - share) * spread, sessions)

    return shares


def rarely_bad(random: Random, sessions: int, share: float) -> Any:
    """A few sessions have all the trouble: a third of their calls fail."""
    within = max(0.3, share)
    return np.where(random.random(sessions) < share / within, within, 0.0)


def all_or_none(random: Random, sessions: int, share: float) -> Any:
    """All calls of a session fail, or none does."""
    return np.where(random.random(sessions) < share, 1.0, 0.0)


@dataclass(frozen=True)
class Case:
    """So many sessions of about so many samples, with the truth at the limit."""

    sessions: int
    samples: int
    share: float
    shares: Shares = alike
    sizes_vary: bool = False


RATES = {
    "one sample a session": Case(100, 1, 0.05),
    "one sample, at a half": Case(60, 1, 0.5),
    "independent": Case(100, 10, 0.02),
    "slightly correlated": Case(40, 10, 0.02, varied(0.1)),
    "correlated, few sessions": Case(40, 10, 0.1, varied(0.5)),
    "correlated, many sessions": Case(150, 3, 0.1, varied(0.5)),
    "correlated, at a half": Case(40, 10, 0.5, varied(0.1)),
    "correlated, sizes vary": Case(60, 10, 0.05, varied(0.3), sizes_vary=True),
    "rarely a bad session": Case(150, 3, 0.02, rarely_bad),
    "rarely a bad session, long": Case(60, 10, 0.05, rarely_bad, sizes_vary=True),
    "all or none": Case(60, 10, 0.05, all_or_none, sizes_vary=True),
    "all or none, rare": Case(150, 4, 0.02, all_or_none),
}
PERCENTILES = {
    "p50, independent": (0.5, Case(50, 1, 0.5), 0.0),
    "p90, independent": (0.9, Case(100, 1, 0.1), 0.0),
    "p90, correlated": (0.9, Case(50, 6, 0.1), 0.3),
    "p90, sizes vary": (0.9, Case(60, 8, 0.1, sizes_vary=True), 0.6),
    "p95, correlated": (0.95, Case(120, 4, 0.05), 0.5),
    "p99, correlated": (0.99, Case(300, 5, 0.01), 0.8),
}


def rates(name: str) -> Counter[Verdict]:
    """How a gate on a rate comes out, run after run."""
    case = RATES[name]
    gate = parse_gate(f"rate(call.error) < {case.share:.0%} @ 95%")

    def values(random: Random, sizes: Any) -> Any:
        shares = case.shares(random, case.sessions, case.share)
        return random.random(sizes.sum()) < np.repeat(shares, sizes)

    return study(name, gate, case, values)


def percentiles(name: str) -> Counter[Verdict]:
    """How a gate on a percentile comes out, the limit being the true one of correlated turns."""
    share, case, correlation = PERCENTILES[name]
    limit = round(1e8 * np.exp(NormalDist().inv_cdf(share)))
    gate = parse_gate(f"p{share * 100:.0f}(turn.latency) < {limit}ns @ 95%")

    def values(random: Random, sizes: Any) -> Any:
        common = np.repeat(random.standard_normal(case.sessions), sizes)
        own = random.standard_normal(sizes.sum())
        return 1e8 * np.exp(correlation**0.5 * common + (1 - correlation) ** 0.5 * own)

    return study(name, gate, case, values)


def study(name: str, gate: Any, case: Case, values: Callable[[Random, Any], Any]) -> Counter[Any]:
    """The verdicts of many runs."""
    return Counter(verdict_of(gate, run, 0.95) for run in runs(Draw("study", name), case, values))


def runs(draw: Draw, case: Case, values: Callable[[Random, Any], Any]) -> Iterator[Samples]:
    random = np.random.default_rng(draw.seed("runs"))
    for _ in range(RUNS):
        sizes = np.full(case.sessions, case.samples)
        if case.sizes_vary:
            sizes = random.integers(1, 2 * case.samples, case.sessions)
        yield Samples(
            values=values(random, sizes),
            sessions=np.repeat(np.arange(case.sessions), sizes),
            session_count=case.sessions,
            rows=int(sizes.sum()),
            missing=0,
        )


@pytest.mark.parametrize("name", RATES)
def test_a_rate_at_its_limit_is_seldom_judged(name: str) -> None:
    found = rates(name)
    assert found[Verdict.PASS] <= WRONG * RUNS
    assert found[Verdict.FAIL] <= WRONG * RUNS


@pytest.mark.parametrize("name", PERCENTILES)
def test_a_percentile_at_its_limit_is_seldom_judged(name: str) -> None:
    found = percentiles(name)
    assert found[Verdict.PASS] <= WRONG * RUNS
    assert found[Verdict.FAIL] <= WRONG * RUNS


def test_turns_of_a_session_count_for_more_than_one_where_they_differ() -> None:
    """The method is not only careful: many turns settle what as few sessions alone would not."""
    case = Case(100, 10, 0.02)
    gate = parse_gate("rate(call.error) < 5% @ 95%")
    found = study("power", gate, case, lambda random, sizes: random.random(sizes.sum()) < 0.02)
    assert found[Verdict.PASS] > 0.9 * RUNS
    alone = Case(100, 1, 0.02)
    found = study("power", gate, alone, lambda random, sizes: random.random(sizes.sum()) < 0.02)
    assert found[Verdict.PASS] < 0.5 * RUNS


if __name__ == "__main__":
    for title, names, told in (
        ("rates", RATES, rates),
        ("percentiles", PERCENTILES, percentiles),
    ):
        for each in names:
            seen = told(each)
            passed, failed = (seen[verdict] / RUNS for verdict in (Verdict.PASS, Verdict.FAIL))
            print(f"{title:11}  {each:28} wrong pass {passed:6.2%}   wrong fail {failed:6.2%}")
