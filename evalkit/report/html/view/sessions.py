"""The sessions that a report tells of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session that the report tells of; `story` is its place in the embedded data."""

    story: int
    scenario: str
    session: str
    end: str
    answer: str | None
    good: bool
    latency: int | None
    turns: int
    calls: int
    cost: float | None
    unpriced: int
    violations: int
    advice: int
    faults: tuple[str, ...]
    services: tuple[str, ...]
    reason: str | None
    expected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions told of, and how many there are."""

    lines: tuple[SessionLine, ...]
    bad: int
    good: int
    bad_shown: int
    good_shown: int
