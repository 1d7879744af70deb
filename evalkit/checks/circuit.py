"""A circuit breaker as it has to look on the wire: what was asked when it should have been open.

Counted are logical calls, of all sessions of a world: a breaker that counts attempts opens no later
than one that counts those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import Field

from evalkit.checks.failures import is_failure
from evalkit.checks.operations import Operation, OperationGlob
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.views import JournalView
from evalkit.suite.parts import Count, Part
from evalkit.units import SECOND, Duration


class Breaker(Part):
    """What a circuit breaker does."""

    at: Operation = Field(description="What it protects: a service, or operations of it")
    failures: Count = Field(5, description="Logical calls that fail in a row before it opens")
    pause: Duration = Field(
        30 * SECOND, description="How long nobody is asked then, before one may try"
    )


@dataclass(slots=True, kw_only=True)
class Opening:
    """A time at which nobody was to ask, from `at` to `until` (world time in nanoseconds).

    `again` says that a trial had failed before; `too_early` was asked all the same, and `at_once`
    beside a trial after it. `tried` is the first trial.
    """

    at: int
    until: int
    again: bool
    last: LogicalCall
    too_early: list[LogicalCall] = field(default_factory=list)
    tried: LogicalCall | None = None
    at_once: list[LogicalCall] = field(default_factory=list)


def openings(view: JournalView, breaker: Breaker) -> tuple[Opening, ...]:
    """Every time at which the breaker had to be open."""
    return tuple(_Walk(breaker).over(_moments(view, breaker.at)))


def _moments(view: JournalView, at: OperationGlob) -> list[tuple[int, bool, LogicalCall]]:
    """When each logical call began (True) and ended, in order; ends before what begins then."""
    groups = [session.calls for session in view.sessions] + [view.unattributed]
    found: list[tuple[int, bool, LogicalCall]] = []
    for calls in groups:
        for logical in logical_calls(call for call in calls if at.fits(call)):
            found.append((logical.first.started.at, True, logical))
            ends = [call.ended.at for call in logical.attempts if call.ended is not None]
            if len(ends) == len(logical.attempts):
                found.append((max(ends), False, logical))
    return sorted(found, key=lambda each: each[:2])


class _Walk:
    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._failed = 0
        self._opening: Opening | None = None
        self._trial: LogicalCall | None = None

    def over(self, moments: list[tuple[int, bool, LogicalCall]]) -> Iterator[Opening]:
        for at, begins, logical in moments:
            if begins:
                self._begun(at, logical)
            elif (opened := self._ended(at, logical)) is not None:
                yield opened

    def _begun(self, at: int, logical: LogicalCall) -> None:
        opening = self._opening
        if opening is None:
            return
        if at < opening.until:
            opening.too_early.append(logical)
        elif self._trial is None:
            opening.tried = self._trial = logical
        else:
            opening.at_once.append(logical)

    def _ended(self, at: int, logical: LogicalCall) -> Opening | None:
        failed = not logical.recovered and any(map(is_failure, logical.attempts))
        if self._opening is not None:
            if logical is not self._trial:
                return None
            self._trial = self._opening = None
            self._failed = 0
            return self._open(at, logical, again=True) if failed else None
        self._failed = self._failed + 1 if failed else 0
        return self._open(at, logical) if self._failed >= self._breaker.failures else None

    def _open(self, at: int, logical: LogicalCall, again: bool = False) -> Opening:
        until = at + self._breaker.pause
        self._opening = Opening(at=at, until=until, again=again, last=logical)
        return self._opening
