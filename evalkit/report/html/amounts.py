"""Figures as a report shows them: three digits and a unit, so that a column can be compared."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal

from evalkit.metrics import Unit, format_figure

NOTHING = "\u2013"
"""What stands where there is no figure."""

MINUS = "\u2212"

LEAST_MONEY = 0.0001
"""Dollars that nobody looks at less than, where there is more beside it."""

_TIMES = ((3600e9, "h"), (60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs"))


def duration(ns: float | None) -> str:
    """Nanoseconds: `850 ms`, `1.24 s`, `2.5 min`."""
    if ns is None:
        return NOTHING
    if abs(ns) < 1e3:
        return f"{ns:.0f} ns" if ns else "0 s"
    size, unit = _time_unit(ns)
    return f"{_digits(ns / size)} {unit}"


def _time_unit(ns: float) -> tuple[float, str]:
    """What a time is shown in: how many nanoseconds that is, and its sign."""
    for size, unit in _TIMES:
        if abs(ns) >= (2 * size if size >= 60e9 else size):
            return size, unit
    return 1.0, "ns"


def share(part: float | None) -> str:
    """A share of 1 in percent. What is not quite all or nothing is not rounded to it."""
    if part is None:
        return NOTHING
    percent = part * 100
    text = f"{percent:.0f}" if percent in (0, 100) else f"{percent:.1f}"
    if part < 1 and text == "100.0":
        text = "> 99.9"
    elif part > 0 and text == "0.0":
        text = "< 0.1"
    return f"{text}%"


def money(dollars: float | None) -> str:
    """US dollars; cents where there are some."""
    if dollars is None:
        return NOTHING
    if dollars < 0:
        return f"{MINUS}{money(-dollars)}"
    if dollars == 0:
        return "$0"
    return f"${dollars:,.2f}" if dollars >= 1 else f"${_digits(dollars)}"


def number(value: float | None) -> str:
    """A count, with its thousands apart; or a factor, to three digits."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value == int(value) else _digits(value)


def times(value: float | None) -> str:
    """A factor, with the sign of multiplication."""
    return NOTHING if value is None else f"{value:.2f}\u00d7"


def amount(value: float | None, unit: Unit) -> str:
    """A figure in this unit."""
    return _OF_UNIT[unit](value)


def difference(value: float | None, unit: Unit, *, signed: bool = False) -> str:
    """How far a figure in this unit is from another: shares in percentage points."""
    if value is None:
        return NOTHING
    text = f"{abs(value) * 100:.1f} pp" if unit is Unit.SHARE else amount(abs(value), unit)
    if value < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed and value else text


def change(before: float, now: float, unit: Unit) -> str:
    """How far a figure went from one to the other, in the unit that the larger of both is shown in
    and with one digit less, so that it agrees with what stands beside it.
    """
    far = now - before
    if not far or unit is Unit.SHARE:
        return difference(far, unit, signed=True)
    larger = max(abs(before), abs(now))
    size, name = _time_unit(larger) if unit is Unit.DURATION else (1.0, "")
    places = max(0, 1 - math.floor(math.log10(larger / size)))
    text = f"{abs(far) / size:,.{places}f}"
    if not float(text.replace(",", "")):
        return difference(far, unit, signed=True)
    text = f"${text}" if unit is Unit.MONEY else f"{text} {name}".strip()
    return f"{MINUS if far < 0 else '+'}{text}"


def relative(before: float, now: float, unit: Unit) -> str:
    """How far a figure went in percent of what it was; nothing where that says nothing, as with
    shares, whose difference is in percentage points.
    """
    if unit is Unit.SHARE or before <= 0 or now == before:
        return ""
    percent = (now - before) / before * 100
    text = f"{abs(percent):,.0f}" if abs(percent) >= 9.95 else f"{abs(percent):.1f}"
    return f"{MINUS if percent < 0 else '+'}{text}%"


def moneys(values: Iterable[float | None], *, signed: bool = False) -> list[str]:
    """A column of US dollars, all with as many decimals, so that they can be compared: three
    digits of the largest. What is there and would be shown as nothing is said to be nearer to it
    than the least that is shown; so is what is less than a hundredth of a cent beside much more, or
    beside any more where they are differences, which are `signed`.
    """
    values = list(values)
    largest = max((abs(each) for each in values if each is not None), default=0.0)
    places = 2 if largest >= 1 or not largest else min(2 - math.floor(math.log10(largest)), 9)
    more = "+" if signed else ""
    small = LEAST_MONEY if largest >= LEAST_MONEY * (1 if signed else 10) else 0.0
    return [_dollars(each, places, more, small) for each in values]


def _dollars(value: float | None, places: int, more: str, small: float) -> str:
    if not value:
        return NOTHING if value is None else "$0"
    least, nearer = 10.0**-places, f"> {MINUS}" if value < 0 else "< "
    if abs(value) < small:
        return f"{nearer}${max(least, LEAST_MONEY):.{min(places, 4)}f}"
    if abs(value) < least / 2:
        return f"{nearer}${least:.{places}f}"
    return f"{more if value > 0 else MINUS}${abs(value):,.{places}f}"


def exactly(value: float | None, unit: Unit) -> str:
    """A figure as a suite would write it, for limits."""
    return NOTHING if value is None else format_figure(value, unit)


def _digits(value: float) -> str:
    """Three significant digits, and never fewer than those before the point."""
    size = abs(value)
    if size >= 999.5:
        return f"{value:,.0f}"
    if size >= 99.95:
        return f"{value:.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    return f"{Decimal(f'{value:#.3g}'):f}"


_OF_UNIT = {
    Unit.DURATION: duration,
    Unit.SHARE: share,
    Unit.MONEY: money,
    Unit.COUNT: number,
}
