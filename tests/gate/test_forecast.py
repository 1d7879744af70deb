"""What so many sessions would cost: the mean, and how sure that is."""

import math
import random
from statistics import fmean, stdev

import pytest

from evalkit.gate.forecast import Interval, estimate
from evalkit.gate.statistics import mean_interval, t_quantile


def named(*costs: float) -> dict[str, float]:
    return {f"s{at}": each for at, each in enumerate(costs)}


def test_the_mean_of_one_scenario_has_students_interval():
    costs = (0.1, 0.4, 0.2, 0.7)
    found = estimate({"a": named(*costs)}, {"a": 1.0}).of_mean()
    assert found.figure == pytest.approx(fmean(costs))
    low, high = mean_interval([(each, 1) for each in costs])
    assert (found.low, found.high) == (pytest.approx(max(0, low)), pytest.approx(high))


def test_what_is_to_come_varies_beside_what_is_known():
    costs, n = (0.1, 0.4, 0.2, 0.7), 4
    found = estimate({"a": named(*costs)}, {"a": 1.0}).of_sum(100)
    half = t_quantile(0.025, n - 1) * stdev(costs) * math.sqrt(100**2 / n + 100)
    assert found.figure == pytest.approx(35)
    assert found.high == pytest.approx(35 + half)


def test_a_mix_weighs_the_scenarios():
    costs = {"a": named(1, 2, 3), "b": named(11, 12, 13)}
    assert estimate(costs, {"a": 0.75, "b": 0.25}).mean == pytest.approx(4.5)
    assert estimate(costs, {"b": 1.0}).mean == 12


def test_a_session_in_two_scenarios_is_no_independent_sample_of_itself():
    same = {"a": named(1, 2, 3), "b": named(1, 2, 3)}
    apart = {"a": named(1, 2, 3), "b": {"t1": 1.0, "t2": 2.0, "t3": 3.0}}
    shares = {"a": 0.5, "b": 0.5}
    alone = estimate({"a": named(1, 2, 3)}, {"a": 1.0})
    found = estimate(same, shares)
    assert (found.variance, found.freedom) == (pytest.approx(alone.variance), 2)
    assert estimate(apart, shares).variance < found.variance
    opposed = {"a": named(1, 2, 3), "b": named(3, 2, 1)}
    assert estimate(opposed, shares).variance == 0


def test_no_cost_is_below_zero():
    found = estimate({"a": named(0, 0, 0, 9)}, {"a": 1.0})
    assert (found.of_mean().low, found.of_sum(10).low) == (0, 0)


@pytest.mark.parametrize("costs", [{"a": named(2)}, {"a": named(2), "b": named(4, 5)}])
def test_one_session_tells_of_no_other(costs):
    shares = dict.fromkeys(costs, 1 / len(costs))
    found = estimate(costs, shares)
    assert found.of_mean() == Interval(figure=found.mean, low=None, high=None)


def test_sessions_that_cost_the_same_leave_no_doubt():
    found = estimate({"a": named(2, 2, 2)}, {"a": 1.0}).of_sum(1000)
    assert found == Interval(figure=2000, low=2000, high=2000)


def test_of_a_hundred_forecasts_about_ninety_five_hold():
    draw = random.Random(7)

    def sample(n: int) -> dict[str, dict[str, float]]:
        ids = [draw.gauss(10, 2) for _ in range(n)]
        return {
            "a": {f"s{at}": each for at, each in enumerate(ids)},
            "b": {f"s{at}": each + draw.gauss(5, 1) for at, each in enumerate(ids)},
        }

    held = 0
    for _ in range(400):
        found = estimate(sample(20), {"a": 0.7, "b": 0.3}).of_sum(50)
        spent = sum(
            draw.gauss(10, 2) + (draw.gauss(5, 1) if draw.random() < 0.3 else 0) for _ in range(50)
        )
        held += found.low <= spent <= found.high
    assert 0.91 < held / 400 < 0.985
