"""Figures as a report shows them: three digits and a unit, so that a column can be compared."""

from __future__ import annotations

from decimal import Decimal

from evalkit.metrics import Unit, format_figure

NOTHING = "\u2013"
"""What stands where there is no figure."""

_TIMES = ((3600e9, "h"), (60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs"))


def duration(ns: float | None) -> str:
    """Nanoseconds: `850 ms`, `1.24 s`, `2.5 min`."""
    if ns is None:
        return NOTHING
    for size, unit in _TIMES:
        if abs(ns) >= (2 * size if size >= 60e9 else size):
            return f"{_digits(ns / size)} {unit}"
    return f"{ns:.0f} ns" if ns else "0 s"


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
        return f"\u2212{money(-dollars)}"
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
