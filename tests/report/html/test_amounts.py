from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics import Unit
from evalkit.report.html import amounts


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "\u2013"),
        (0, "0 s"),
        (999, "999 ns"),
        (51_500, "51.5 µs"),
        (850_000_000, "850 ms"),
        (1_240_000_000, "1.24 s"),
        (90e9, "90.0 s"),
        (150e9, "2.50 min"),
        (3 * 3600e9, "3.00 h"),
    ],
)
def test_durations_have_three_digits_and_a_unit(ns: float | None, text: str) -> None:
    assert amounts.duration(ns) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50.0%"),
        (0.9999, "> 99.9%"),
        (0.0001, "< 0.1%"),
        (1.5, "150.0%"),
    ],
)
def test_what_is_not_quite_all_or_nothing_is_not_rounded_to_it(part: float, text: str) -> None:
    assert amounts.share(part) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0"),
        (0.12, "$0.120"),
        (0.000012544, "$0.0000125"),
        (1234.5, "$1,234.50"),
        (-0.5, "\u2212$0.500"),
    ],
)
def test_money(dollars: float, text: str) -> None:
    assert amounts.money(dollars) == text


@given(st.floats(min_value=0, max_value=1e18), st.sampled_from(list(Unit)))
def test_no_figure_is_written_with_an_exponent(value: float, unit: Unit) -> None:
    assert "e+" not in amounts.amount(value, unit)
    assert "e-" not in amounts.amount(value, unit)
