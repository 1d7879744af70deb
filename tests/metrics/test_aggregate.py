import math
import statistics
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.aggregate import aggregate, nearest_rank, percentile_share, plain, present

VALUES = st.lists(st.integers(-1000, 1000), min_size=1)


@pytest.mark.parametrize(
    ("name", "values", "figure"),
    [
        ("count", [], 0),
        ("count", [5, 0, None, 7], 3),
        ("count", [True, False, True, None], 2),
        ("rate", [True, False, True, True], 0.75),
        ("rate", [], None),
        ("rate", [None], None),
        ("mean", [1, 2, None, 6], 3),
        ("min", [3, 1, 2], 1),
        ("max", [3, 1, 2], 3),
        ("sum", [0.1] * 10, 1.0),
        ("sum", [1, 2, 3], 6),
        ("stddev", [2, 4, 4, 4, 5, 5, 7, 9], statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9])),
        ("stddev", [5], None),
        ("cv", [2, 4], math.sqrt(2) / 3),
        ("cv", [0, 0], None),
        ("cv", [5], None),
        ("p50", [4, 1, 3, 2], 2),
        ("p51", [4, 1, 3, 2], 3),
        ("p0", [4, 1, 3], 1),
        ("p100", [4, 1, 3], 4),
        ("p90", [], None),
    ],
)
def test_aggregates(name, values, figure):
    assert aggregate(name, values) == (None if figure is None else pytest.approx(figure))


@pytest.mark.parametrize(
    ("n", "share", "rank"),
    [
        (1, "0", 1),
        (1, "1", 1),
        (10, "9/10", 9),
        (100, "95/100", 95),
        (20, "95/100", 19),
        (1000, "999/1000", 999),
        (3, "1/2", 2),
        (7, "29/100", 3),
    ],
)
def test_the_rank_of_a_percentile_is_exact(n, share, rank):
    assert nearest_rank(n, Fraction(share)) == rank


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("p0", "0"),
        ("p90", "9/10"),
        ("p99.9", "999/1000"),
        ("p100", "1"),
        ("p101", None),
        ("p100.1", None),
        ("p", None),
        ("p-1", None),
        ("p9e1", None),
        ("mean", None),
    ],
)
def test_names_of_percentiles(name, share):
    assert percentile_share(name) == (None if share is None else Fraction(share))


@given(VALUES, st.integers(0, 100), st.integers(-1000, 1000))
def test_a_percentile_below_a_limit_is_a_bounded_share_of_values_at_or_above_it(values, p, limit):
    below = aggregate(f"p{p}", values) < limit
    reached = sum(each >= limit for each in values)
    if p:
        assert below == (reached * 100 <= (100 - p) * len(values))
    else:
        assert below == (reached < len(values))


@given(VALUES)
def test_a_percentile_is_a_value_and_grows(values):
    found = [aggregate(f"p{p}", values) for p in range(101)]
    assert found == sorted(found)
    assert set(found) <= set(values)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pd.Series([1, None, 3], dtype="Int64"), [1, 3]),
        (pd.Series([1, None, 3]), [1, 3]),
        (pd.Series([True, None, False], dtype="boolean"), [True, False]),
        (pd.Series([True, None, False], dtype=object), [True, False]),
        (pd.Series(["a", None]), ["a"]),
        (pd.Series([1.5, None]).to_numpy(), [1.5]),
        ([1, None, float("nan")], [1]),
        ((None,), []),
    ],
)
def test_missing_values_of_any_column_are_left_out(column, values):
    assert present(column) == values
    assert len(plain(column)) == len(column)
