"""What a trace is made of, before anything is encoded. Times are nanoseconds of Unix time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from evalkit.journal.parents import Place
from evalkit.keyed import digest_of

Value: TypeAlias = str | bool | int | float | tuple[str, ...] | tuple[int, ...]
Attributes: TypeAlias = Mapping[str, Value]


class SpanKind(IntEnum):
    """What a span is of, by OTLP's numbers."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened while a span was under way."""

    at: int
    name: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span. `parent` is in the same trace, `links` lead anywhere, `error` is what went wrong."""

    place: Place
    parent: str | None = None
    name: str
    kind: SpanKind = SpanKind.INTERNAL
    start: int
    end: int
    attributes: Attributes = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    links: tuple[Place, ...] = ()
    error: str | None = None


def trace_id(*key: object) -> str:
    """The id of the trace that is known by this key."""
    return digest_of("trace", *map(str, key)).hex()[:32]


def span_id(*key: object) -> str:
    """The id of the span that is known by this key."""
    return digest_of("span", *map(str, key)).hex()[:16]
