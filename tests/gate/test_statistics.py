import math
from fractions import Fraction
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate.statistics import (
    Sample,
    beta_cdf,
    binomial_cdf,
    cluster_variance,
    effective,
    lower_bound,
    mean_interval,
    percentile_ranks,
    smallest_n,
    t_quantile,
    upper_bound,
    wilson,
)


def exactly(k: int, n: int, share: Fraction) -> float:
    """The binomial distribution summed in exact arithmetic."""
    terms = (math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1))
    return float(sum(terms))


@pytest.mark.parametrize("n", [1, 2, 7, 59, 100, 400])
@pytest.mark.parametrize("share", ["1/1000", "1/50", "3/10", "1/2", "9/10", "999/1000"])
def test_the_binomial_distribution_is_exact(n, share):
    share = Fraction(share)
    for k in range(0, n, max(1, n // 9)):
        assert binomial_cdf(k, n, float(share)) == pytest.approx(exactly(k, n, share), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "a", "b", "value"),
    [
        (0.0, 2, 3, 0.0),
        (1.0, 2, 3, 1.0),
        (0.5, 2, 2, 0.5),
        (0.5, 2, 3, 0.6875),
        (0.25, 0.5, 0.5, 1 / 3),
        (0.3, 1, 1, 0.3),
        (0.3, 1, 5, 1 - 0.7**5),
    ],
)
def test_the_incomplete_beta_function(x, a, b, value):
    assert beta_cdf(x, a, b) == pytest.approx(value, abs=1e-12)


# Closed forms (k = 0 and k = n), and values of R's qbeta.
@pytest.mark.parametrize(
    ("k", "n", "alpha", "low", "high"),
    [
        (0, 59, 0.05, 0.0, 1 - 0.05 ** (1 / 59)),
        (0, 149, 0.05, 0.0, 1 - 0.05 ** (1 / 149)),
        (299, 299, 0.05, 0.05 ** (1 / 299), 1.0),
        (1, 1, 0.025, 0.025, 1.0),
        (8, 10, 0.025, 0.443904537692, 0.974789273673),
        (5, 10, 0.025, 0.187086028447, 0.812913971553),
    ],
)
def test_clopper_pearson_bounds(k, n, alpha, low, high):
    assert lower_bound(k, n, alpha) == pytest.approx(low, abs=1e-9)
    assert upper_bound(k, n, alpha) == pytest.approx(high, abs=1e-9)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bounds_are_where_the_tail_has_weight_alpha(counts):
    k, n = counts
    low, high = lower_bound(k, n, 0.05), upper_bound(k, n, 0.05)
    assert low <= k / n <= high
    if k > 0:
        assert 1 - binomial_cdf(k - 1, n, low) == pytest.approx(0.05, abs=1e-9)
    if k < n:
        assert binomial_cdf(k, n, high) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (8, 10, 0.490162471537, 0.943317848546),
        (0, 10, 0.0, 0.277532799862),
        (10, 10, 0.722467200138, 1.0),
    ],
)
def test_wilsons_interval(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("alpha", "freedom", "t"),
    [
        (0.025, 1, 12.706204736),
        (0.025, 10, 2.228138852),
        (0.05, 5, 2.015048373),
        (0.025, 1000, 1.962339081),
    ],
)
def test_students_t(alpha, freedom, t):
    assert t_quantile(alpha, freedom) == pytest.approx(t, abs=1e-9)


@pytest.mark.parametrize(
    ("share", "n"), [(0.05, 59), (0.01, 299), (0.001, 2995), (0.02, 149), (0.5, 5)]
)
def test_the_smallest_sample_that_can_show_it(share, n):
    assert smallest_n(share, 0.05) == n
    assert upper_bound(0, n, 0.05) <= share < upper_bound(0, n - 1, 0.05)


@pytest.mark.parametrize(
    ("n", "share", "alpha", "ranks"),
    [
        (59, 0.95, 0.05, (53, 59)),
        (58, 0.95, 0.05, (52, None)),
        (100, 0.5, 0.025, (40, 61)),
        (1, 0.5, 0.025, (None, None)),
        (5, 0.05, 0.05, (None, 2)),
    ],
)
def test_ranks_that_bound_a_percentile(n, share, alpha, ranks):
    assert percentile_ranks(n, share, alpha) == ranks


@given(st.integers(1, 200), st.sampled_from([0.05, 0.5, 0.9, 0.99]))
def test_ranks_by_their_definition(n, share):
    alpha = 0.025
    lows = [r for r in range(1, n + 1) if binomial_cdf(r - 1, n, share) <= alpha]
    highs = [s for s in range(1, n + 1) if binomial_cdf(s - 1, n, share) >= 1 - alpha]
    expected = (max(lows, default=None), min(highs, default=None))
    assert percentile_ranks(n, share, alpha) == expected


def test_the_bounds_of_very_many_samples():
    rate, sigma = 0.02, math.sqrt(0.02 * 0.98 / 1_000_000)
    z = NormalDist().inv_cdf(0.95)
    assert upper_bound(20_000, 1_000_000, 0.05) == pytest.approx(rate + z * sigma, abs=2e-6)
    low, high = percentile_ranks(1_000_000, 0.9, 0.025)
    assert (low, high) == (pytest.approx(899_412, abs=2), pytest.approx(900_589, abs=2))


@pytest.mark.parametrize(
    ("clusters", "sample"),
    [
        ([(1, 1), (0, 1), (0, 1), (1, 1)], Sample(2, 4)),
        ([(0, 10), (0, 10)], Sample(0, 2)),
        ([(10, 10), (10, 10)], Sample(2, 2)),
        ([(5, 10)], Sample(0.5, 1)),
        ([(0, 1), (0, 3)], Sample(0, 1.6)),
    ],
)
def test_the_effective_sample_of_sessions_that_give_several(clusters, sample):
    found = effective(clusters)
    assert (found.k, found.n) == pytest.approx((sample.k, sample.n))


def test_samples_that_fall_together_are_worth_a_session_each_and_others_more():
    together = effective([(10, 10)] * 20 + [(0, 10)] * 80)
    apart = effective([(2, 10)] * 100)
    mixed = effective([(3, 10), (1, 10)] * 50)
    assert 95 < together.n < 100
    assert together.n < mixed.n <= apart.n <= 1000
    assert apart.n > 400


def test_few_hits_prove_nothing_of_how_hits_fall():
    lone, none = effective([(1, 10)] + [(0, 10)] * 49), effective([(0, 10)] * 50)
    assert none == Sample(0, 50)
    assert 45 < lone.n < 60


@given(st.lists(st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))))
def test_an_effective_sample_has_the_same_rate_and_is_no_larger(clusters):
    total = sum(n for _, n in clusters)
    if not total:
        return
    found = effective(clusters)
    assert 0 < found.n <= total
    assert found.k / found.n == pytest.approx(sum(k for k, _ in clusters) / total)


def test_the_interval_of_a_mean():
    low, high = mean_interval([(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)])
    assert (low, high) == pytest.approx((3 - 1.963243161, 3 + 1.963243161), abs=1e-8)
    assert mean_interval([(9, 3)]) is None


def test_sessions_that_repeat_themselves_do_not_narrow_an_interval():
    once = cluster_variance([(1, 1), (2, 1), (6, 1)])
    assert cluster_variance([(10, 10), (20, 10), (60, 10)]) == pytest.approx(once)
