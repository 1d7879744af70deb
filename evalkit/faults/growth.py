"""Sizes that change evenly from one to another, and then stay: how a service degrades.

{from: 0s, to: 8s, over: 10min}        with world time
{from: 0s, to: 8s, over: 50 calls}     with every request of the operation in the session
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from evalkit.units import DURATION_PATTERN, Duration, Rate, format_duration, parse_duration

_CALLS = r"([1-9][0-9]{0,5}) calls?"


@dataclass(frozen=True, slots=True)
class Calls:
    """So many requests of an operation in a session, attempts counted."""

    count: int

    def __str__(self) -> str:
        return f"{self.count} call{'s' if self.count > 1 else ''}"


def _parse(value: object) -> int | Calls:
    """Nanoseconds, or calls. Raises `ValueError`."""
    if isinstance(value, Calls):
        return value
    if isinstance(value, str) and (found := re.fullmatch(_CALLS, value)):
        return Calls(int(found[1]))
    if isinstance(value, str) and not re.fullmatch(DURATION_PATTERN, value):
        allowed = 'a duration like "10min", or a number of calls like "50 calls"'
        raise ValueError(f'"{value[:60]}" is no stretch; allowed: {allowed}')
    if not (ns := parse_duration(value)):
        raise ValueError("0s is no time to change in; write the size alone instead")
    return ns


def _format(stretch: int | Calls) -> str:
    return str(stretch) if isinstance(stretch, Calls) else format_duration(stretch)


_Stretch: TypeAlias = Annotated[
    int | Calls,
    PlainValidator(_parse),
    PlainSerializer(_format, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"{DURATION_PATTERN}|^{_CALLS}$",
            "examples": ["10min", "50 calls"],
        }
    ),
]


_Over: TypeAlias = Annotated[
    _Stretch,
    Field(
        description="How long it takes: 10min, from the start of the world or of the rule's "
        "`window`; or 50 calls, the requests of the operation in the session"
    ),
]


class _Growing(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", populate_by_name=True)


def _way(over: int | Calls, at: int, call: int) -> float:
    """How much of the way is done, from 0 to 1."""
    if isinstance(over, Calls):
        return min(1.0, (call - 1) / over.count)
    return min(1.0, at / over)


class GrowingDuration(_Growing):
    """A duration that changes evenly, and then stays."""

    start: Duration = Field(
        "0s", validate_default=True, alias="from", description="How long at first"
    )
    end: Duration = Field(alias="to", description="How long in the end")
    over: _Over

    def size(self, at: int, call: int) -> int:
        """How long it is `at` nanoseconds after the start, at the call-th request."""
        return round(self.start + (self.end - self.start) * _way(self.over, at, call))


class GrowingRate(_Growing):
    """A rate that changes evenly, and then stays."""

    start: Rate = Field(alias="from", description="The rate at first")
    end: Rate = Field(alias="to", description="The rate in the end")
    over: _Over

    def size(self, at: int, call: int) -> float:
        """What it is per second `at` nanoseconds after the start, at the call-th request."""
        return self.start + (self.end - self.start) * _way(self.over, at, call)


def kind_of(value: Any) -> str:
    """Whether what is written, or was made of it, is `growing` or one `size`."""
    grows = isinstance(value, Mapping) and bool({"from", "to", "over"} & set(value))
    return "growing" if grows or isinstance(value, _Growing) else "size"
