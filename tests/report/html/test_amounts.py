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


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, "\u2013"),
        (0.05, Unit.SHARE, "+5.0 pp"),
        (-0.05, Unit.SHARE, "\u22125.0 pp"),
        (-1.5e9, Unit.DURATION, "\u22121.50 s"),
        (0, Unit.DURATION, "0 s"),
        (2.5, Unit.COUNT, "+2.50"),
    ],
)
def test_differences_have_their_sign_and_shares_are_points(
    value: float | None, unit: Unit, text: str
) -> None:
    assert amounts.difference(value, unit, signed=True) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.121, 0.00196, 0], ["$0.121", "$0.002", "$0"]),
        ([0.121, 0.0003, None], ["$0.121", "< $0.001", "\u2013"]),
        ([0.0029, 0.000001, -0.0000065], ["$0.00290", "< $0.0001", "> \u2212$0.0001"]),
        ([0.00015, 0.000088], ["$0.000150", "$0.000088"]),
        ([0.000012544, -0.0000065], ["$0.0000125", "\u2212$0.0000065"]),
        ([1234.5, -0.5], ["$1,234.50", "\u2212$0.50"]),
        ([], []),
    ],
)
def test_a_column_of_money_has_as_many_decimals_in_every_line(
    values: list[float | None], texts: list[str]
) -> None:
    assert amounts.moneys(values) == texts


def test_a_column_of_differences_has_signs() -> None:
    assert amounts.moneys([0.5, -0.25], signed=True) == ["+$0.500", "\u2212$0.250"]
    small = amounts.moneys([-0.000103, -0.0000065, 0.0000065], signed=True)
    assert small == ["\u2212$0.000103", "> \u2212$0.0001", "< $0.0001"]


@pytest.mark.parametrize(
    ("before", "now", "unit", "text", "percent"),
    [
        (171.46e9, 244.94e9, Unit.DURATION, "+1.2 min", "+43%"),
        (6.4565e9, 9.2236e9, Unit.DURATION, "+2.8 s", "+43%"),
        (100e6, 200e6, Unit.DURATION, "+100 ms", "+100%"),
        (90e6, 1.5e9, Unit.DURATION, "+1.4 s", "+1,567%"),
        (0.00664, 0.00390, Unit.MONEY, "\u2212$0.0027", "\u221241%"),
        (1.0, 0.7, Unit.SHARE, "\u221230.0 pp", ""),
        (0.0, 2.0, Unit.COUNT, "+2.0", ""),
        (2e9, 2e9 + 1e6, Unit.DURATION, "+1.00 ms", "+0.1%"),
        (5e9, 5e9, Unit.DURATION, "0 s", ""),
    ],
)
def test_a_change_is_in_the_unit_of_what_stands_beside_it(
    before: float, now: float, unit: Unit, text: str, percent: str
) -> None:
    assert amounts.change(before, now, unit) == text
    assert amounts.relative(before, now, unit) == percent
