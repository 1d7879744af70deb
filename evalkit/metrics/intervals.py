"""Lengths of unions of intervals: how long something was under way, however much of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]


def union_length(intervals: Iterable[Interval], within: Interval) -> int:
    """How much of `within` the intervals cover together."""
    low, high = within
    covered, reached = 0, low
    for start, end in sorted(intervals):
        fresh = min(end, high) - max(start, reached)
        if fresh > 0:
            covered += fresh
            reached = min(end, high)
    return covered


@dataclass(frozen=True, slots=True)
class Split:
    """A span of time, by what was under way in it. The three add up to the span."""

    llm: int
    tool: int
    wait: int


def split(within: Interval, *, llm: Iterable[Interval], tool: Iterable[Interval]) -> Split:
    """Split a span into: some model call in flight, else some other call, else none."""
    llm = list(llm)
    models = union_length(llm, within)
    either = union_length([*llm, *tool], within)
    return Split(models, either - models, within[1] - within[0] - either)
