"""The sequential test: its false alarms, its power, and that it agrees with exact arithmetic."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate.sequential import Exceeds


def first_alarm(rate: float, limit: float, draws: random.Random, most: int) -> int | None:
    """After how many samples the test alarms, looked at after each."""
    test = Exceeds(limit)
    return next((n for n in range(1, most + 1) if test.add(hit=draws.random() < rate)), None)


@pytest.mark.parametrize("limit", [0.01, 0.1, 0.5])
def test_false_alarms_stay_below_the_level_however_often_it_is_looked_at(limit: float) -> None:
    draws = random.Random(7)
    trials, most = 200, 200
    alarms = sum(first_alarm(limit, limit, draws, most) is not None for _ in range(trials))
    # Three standard deviations above 5 % of 200 are 19.
    assert alarms <= 19


@pytest.mark.parametrize(("rate", "limit", "within"), [(0.5, 0.1, 40), (0.05, 0.01, 700)])
def test_a_rate_well_above_the_limit_is_found_soon(rate: float, limit: float, within: int) -> None:
    draws = random.Random(3)
    found = [first_alarm(rate, limit, draws, within) for _ in range(20)]
    assert sum(each is not None for each in found) >= 18


@given(st.floats(0.01, 0.99), st.integers(1, 9))
def test_it_is_a_martingale_at_the_limit(limit: float, n: int) -> None:
    """The expectation of E over all outcomes of n samples is 1."""
    expected = 0.0
    for k in range(n + 1):
        test = Exceeds(limit)
        test.hits, test.samples = k, n
        likely = math.comb(n, k) * limit**k * (1 - limit) ** (n - k)
        expected += likely * math.exp(test.evidence)
    assert expected == pytest.approx(1)


def test_one_hit_refutes_that_there_are_none_and_nothing_exceeds_all() -> None:
    none, every = Exceeds(0.0), Exceeds(1.0)
    assert not none.add(hit=False)
    assert none.add(hit=True)
    assert not any(every.add(hit=True) for _ in range(100))


@pytest.mark.parametrize(("limit", "alpha"), [(-0.1, 0.05), (1.1, 0.05), (0.1, 0), (0.1, 1)])
def test_what_is_no_test_is_refused(limit: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="no test of a rate"):
        Exceeds(limit, alpha)
