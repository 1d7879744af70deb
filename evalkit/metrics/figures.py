"""Figures as people read them, rounded. What must be read back is written by `evalkit.units`."""

from __future__ import annotations

from decimal import Decimal

from evalkit.metrics.definitions import Unit

_TIMES = ((60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "us"))


def format_figure(value: float | None, unit: Unit) -> str:
    """A figure to about four digits; `none` where there is none."""
    if value is None:
        return "none"
    if unit is Unit.DURATION:
        return _duration(value)
    if unit is Unit.SHARE:
        return f"{_digits(value * 100)}%"
    return f"${_digits(value)}" if unit is Unit.MONEY else _digits(value)


def _duration(ns: float) -> str:
    for size, unit in _TIMES:
        if abs(ns) >= (2 * size if unit == "min" else size):
            return f"{_digits(ns / size)}{unit}"
    return f"{_digits(ns)}ns" if ns else "0s"


def _digits(value: float) -> str:
    """Four significant digits, and never fewer than those before the point."""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:.0f}"
    text = format(Decimal(f"{value:.4g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
