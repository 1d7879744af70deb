"""Quantities as people write them: "250ms", "20/s", "30%", "$0.02", "64kB".

For each there is an annotated type for pydantic models and a pair of plain functions. `parse_x`
takes what stands in a file and raises `ValueError`, saying what is allowed; `format_x` writes the
value so that `parse_x` reads the same value again.

    Duration  int, nanoseconds      "0s" "250ms" "1.5s" "2min" "1h"
    Rate      float, per second     "20/s" "100/min"
    Share     float from 0 to 1     "30%" 0.3
    Money     float, US dollars     "$0.02"
    Size      int, bytes            "64kB" "1MiB" 512
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LONGEST = 3650 * DAY
"""The longest duration that is taken: far beyond any session, and safe in 64 bits."""

LARGEST = 2**60
"""The largest size that is taken, in bytes."""

_DURATIONS = {
    "ns": 1,
    "us": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
}
_PERIODS = {"s": 1, "min": 60, "h": 3600}
_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

# [0-9] rather than \d: neither Python's other digits nor a JSON Schema engine's reading of them.
_NUMBER = r"[0-9]{1,20}(?:\.[0-9]+)?"
DURATION_PATTERN = rf"^({_NUMBER}) ?({'|'.join(_DURATIONS)})$"
RATE_PATTERN = rf"^({_NUMBER}) ?/ ?({'|'.join(_PERIODS)})$"
SHARE_PATTERN = rf"^({_NUMBER}) ?%$"
MONEY_PATTERN = rf"^\$ ?({_NUMBER})$"
SIZE_PATTERN = rf"^({_NUMBER}) ?({'|'.join(_SIZES)})$"


def parse_duration(value: object) -> int:
    """Nanoseconds of a duration such as "250ms"."""
    units = _words(_DURATIONS)
    allowed = f'a number with its unit ({units}), like "250ms" or "2min"'
    number, unit = _match(DURATION_PATTERN, value, "duration", allowed)
    ns = round(Decimal(number) * _DURATIONS[unit])
    if ns > LONGEST:
        raise ValueError(f"{_shown(value)} is too long a duration; allowed: up to 3650d")
    return ns


def format_duration(ns: int) -> str:
    """A duration in the largest unit that suits it, exactly."""
    for unit in ("h", "min"):
        if ns and ns % _DURATIONS[unit] == 0:
            return f"{ns // _DURATIONS[unit]}{unit}"
    unit = next((each for each in ("s", "ms", "us") if abs(ns) >= _DURATIONS[each]), "ns")
    return f"{_plain(Decimal(ns) / _DURATIONS[unit])}{unit}" if ns else "0s"


def parse_rate(value: object) -> float:
    """The number per second of a rate such as "100/min"."""
    allowed = 'a number above zero per s, min or h, like "20/s" or "100/min"'
    number, period = _match(RATE_PATTERN, value, "rate", allowed)
    if not (rate := float(number) / _PERIODS[period]):
        raise ValueError(f"{_shown(value)} is no rate; allowed: {allowed}")
    return rate


def format_rate(per_second: float) -> str:
    """A rate per second, exactly."""
    return f"{_plain(Decimal(repr(per_second)))}/s"


def parse_share(value: object) -> float:
    """The share, from 0 to 1, of "30%" or 0.3."""
    allowed = 'a percentage from 0% to 100%, like "30%", or a number from 0 to 1'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value) if 0 <= value <= 1 else -1.0
    else:
        share = float(Decimal(_match(SHARE_PATTERN, value, "share", allowed)[0]) / 100)
    if not 0 <= share <= 1:
        raise ValueError(f"{_shown(value)} is no share; allowed: {allowed}")
    return share


def format_share(share: float) -> str:
    """A share as a percentage, exactly."""
    return f"{_plain(Decimal(repr(share)) * 100)}%"


def parse_money(value: object) -> float:
    """The US dollars of an amount such as "$0.02"."""
    return float(_match(MONEY_PATTERN, value, "amount of money", 'US dollars, like "$0.02"')[0])


def format_money(dollars: float) -> str:
    """An amount in US dollars, exactly."""
    return f"${_plain(Decimal(repr(dollars)))}"


def parse_size(value: object) -> int:
    """The bytes of a size such as "64kB", or of a bare number of bytes."""
    allowed = f'a whole number of bytes, or a number with its unit ({_words(_SIZES)}), like "64kB"'
    if isinstance(value, int) and not isinstance(value, bool):
        size = Decimal(value)
    else:
        number, unit = _match(SIZE_PATTERN, value, "size", allowed)
        size = Decimal(number) * _SIZES[unit]
    if size != int(size) or not 0 <= size <= LARGEST:
        raise ValueError(f"{_shown(value)} is no size; allowed: {allowed}, up to {LARGEST} bytes")
    return int(size)


def format_size(size: int) -> str:
    """A size in the largest unit that divides it."""
    units = sorted(_SIZES.items(), key=lambda each: -each[1])
    unit, factor = next((each for each in units if size and size % each[1] == 0), ("B", 1))
    return f"{size // factor}{unit}"


def _match(pattern: str, value: object, what: str, allowed: str) -> tuple[str, ...]:
    if isinstance(value, str) and (found := re.fullmatch(pattern, value)):
        return found.groups()
    bare = isinstance(value, (int, float)) and not isinstance(value, bool)
    article = "an" if what[0] in "aeiou" else "a"
    wrong = f"{article} {what} without its unit" if bare else f"no {what}"
    raise ValueError(f"{_shown(value)} is {wrong}; allowed: {allowed}")


def _shown(value: object) -> str:
    words = {None: "nothing", True: "true", False: "false"}
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = words[value] if value is None or isinstance(value, bool) else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _words(units: Mapping[str, int]) -> str:
    return " ".join(units)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class _Written:
    """Tells pydantic how a quantity is read from a file, written back, and described."""

    parse: Callable[[object], Any]
    format: Callable[[Any], str]
    schema: Mapping[str, Any] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(self.format),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)


def _text(pattern: str, *examples: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


Duration: TypeAlias = Annotated[
    int, _Written(parse_duration, format_duration, _text(DURATION_PATTERN, "250ms", "2min"))
]
Rate: TypeAlias = Annotated[
    float, _Written(parse_rate, format_rate, _text(RATE_PATTERN, "20/s", "100/min"))
]
Share: TypeAlias = Annotated[
    float,
    _Written(
        parse_share,
        format_share,
        {
            "anyOf": [
                _text(SHARE_PATTERN, "30%"),
                {"type": "number", "minimum": 0, "maximum": 1},
            ]
        },
    ),
]
Money: TypeAlias = Annotated[
    float, _Written(parse_money, format_money, _text(MONEY_PATTERN, "$0.02"))
]
Size: TypeAlias = Annotated[
    int,
    _Written(
        parse_size,
        format_size,
        {
            "anyOf": [
                _text(SIZE_PATTERN, "64kB", "1MiB"),
                {"type": "integer", "minimum": 0, "maximum": LARGEST},
            ]
        },
    ),
]
