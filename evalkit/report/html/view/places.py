"""What is gone wrong, and where it can be looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A session in the report, and a call of it, that something can be looked up at."""

    scenario: str
    session: str
    call: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Findings, or ends of sessions, of one signature. `message` and `hint` are of the first.

    `along` is what else was found about the same calls, or in the same sessions and about no call.
    """

    label: str
    check: str
    bad: bool
    allowed: bool
    message: str
    hint: str | None
    count: int
    sessions: int
    scenarios: tuple[str, ...]
    expected: str | None = None
    seen: str | None = None
    places: tuple[Place, ...] = ()
    along: tuple[Problem, ...] = ()
