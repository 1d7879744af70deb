"""Sums of money stay exact, however many there are."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import aggregate
from evalkit.metrics.money import difference, settled, total


def test_the_sum_of_a_million_calls_does_not_drift():
    assert total([0.0000001] * 1_000_000) == 0.1
    assert sum([0.0000001] * 1_000_000) != 0.1
    assert settled(aggregate("sum", [0.0000001] * 1_000_000)) == 0.1


amounts = st.decimals(0, 10**6, places=9).map(float)


@given(st.lists(amounts))
def test_a_sum_is_that_of_the_amounts_behind_the_figures(figures):
    assert total(figures) == float(sum((Decimal(repr(each)) for each in figures), Decimal(0)))


@given(amounts, amounts)
def test_a_difference_is_exact(one, other):
    assert total([difference(one, other), other]) == one


def test_a_difference_of_dimes_is_a_dime():
    assert 0.3 - 0.2 != 0.1
    assert difference(0.3, 0.2) == 0.1
