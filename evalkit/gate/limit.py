"""The limit of a gate: a number in the unit that its figure has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from evalkit import units
from evalkit.metrics.definitions import Unit

ALLOWED: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.DURATION: "a duration in ns, us, ms, s, min, h or d, like 850ms",
        Unit.SHARE: "a percentage, like 2%",
        Unit.MONEY: "US dollars, like $0.02",
        Unit.COUNT: "a plain number, like 3",
    }
)
"""How a limit of each unit is written."""

WORDS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.DURATION: "a duration",
        Unit.SHARE: "a share",
        Unit.MONEY: "an amount of money",
        Unit.COUNT: "a plain number",
    }
)
"""What each unit is called."""

_LARGEST = 1e15  # beyond this a float no longer tells neighbours apart
_PLAIN = re.compile(r"[0-9]{1,18}(?:\.[0-9]+)?")
_PERCENT = re.compile(rf"({_PLAIN.pattern}) ?%")


def _parse_plain(text: str) -> float:
    if not _PLAIN.fullmatch(text):
        raise ValueError(f'"{text}" is no plain number')
    return float(text) if "." in text else int(text)


def _parse_percent(text: str) -> float:
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no share')
    return float(Decimal(found[1]) / 100)


def _format_plain(value: float) -> str:
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")


_PARSERS: Mapping[Unit, Callable[[str], float]] = MappingProxyType(
    {
        Unit.DURATION: units.parse_duration,
        Unit.SHARE: _parse_percent,
        Unit.MONEY: units.parse_money,
        Unit.COUNT: _parse_plain,
    }
)
_FORMATS: Mapping[Unit, Callable[[float], str]] = MappingProxyType(
    {
        Unit.DURATION: lambda value: units.format_duration(int(value)),
        Unit.SHARE: units.format_share,
        Unit.MONEY: units.format_money,
        Unit.COUNT: _format_plain,
    }
)


def parse_limit(text: str, unit: Unit) -> float:
    """The limit in this unit: nanoseconds, a share, US dollars, a number. Raises `ValueError`."""
    value = _PARSERS[unit](text)
    if unit is not Unit.DURATION and value > _LARGEST:
        raise ValueError(f'"{text}" is too large')
    return value


def format_limit(value: float, unit: Unit) -> str:
    """The limit, exactly, as it is written in a gate."""
    return f"-{_FORMATS[unit](-value)}" if value < 0 else _FORMATS[unit](value)


def unit_of(text: str) -> Unit | None:
    """The unit that this text is a limit of, or None."""
    for unit in Unit:
        try:
            parse_limit(text, unit)
        except ValueError:
            continue
        return unit
    return None


def in_unit(text: str, unit: Unit) -> str | None:
    """The plain number as it was probably meant in this unit."""
    if unit is Unit.DURATION:
        return f"{text}ms"
    if unit is Unit.MONEY:
        return f"${text}"
    if unit is Unit.COUNT:
        return None
    share = Decimal(text)
    return units.format_share(float(share)) if share < 1 else f"{text}%"
