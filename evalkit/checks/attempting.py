"""What the checks on retries share: what may be tried again, and when it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.checks.business import split
from evalkit.journal.logical import LogicalCall, logical_calls, requested
from evalkit.journal.records import Outcome
from evalkit.journal.views import CallView, SessionView

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that say that trying again may help."""

UNHANDLED = frozenset({408, 425, 429, 502, 503, 529})
"""Of these, the ones that say that the request was not, or hardly, begun with."""

MISSING = 404
"""The status of what is not there, or not yet."""


@dataclass(frozen=True, slots=True)
class Step:
    """Two attempts at the same thing, one after the other."""

    before: CallView
    after: CallView

    @property
    def gap(self) -> int:
        """Nanoseconds from the end of the one to the request of the other."""
        ended = self.before.ended
        return self.after.started.at - (self.before.started.at if ended is None else ended.at)


def attempts_in(session: SessionView) -> tuple[LogicalCall, ...]:
    """The logical calls of a session that became requests. What only seems to be one is several:
    see `evalkit.checks.business`.
    """
    return tuple(
        one
        for logical in logical_calls(requested(session.calls))
        for one in (split(logical, session) if len(logical.attempts) > 1 else (logical,))
    )


def looks(logical: LogicalCall) -> Iterator[LogicalCall]:
    """The looks at what was not there yet (404), each with its attempts; of all else the call
    itself. To look again later is no attempt at something that had failed.
    """
    made: list[CallView] = []
    for call in logical.attempts:
        made.append(call)
        if call.started.method in ("GET", "HEAD") and status_of(call) == MISSING:
            yield LogicalCall(tuple(made))
            made = []
    if made:
        yield LogicalCall(tuple(made))


def steps(logical: LogicalCall) -> Iterator[Step]:
    """Each attempt of a logical call with the next."""
    for before, after in zip(logical.attempts, logical.attempts[1:], strict=False):
        yield Step(before, after)


def status_of(call: CallView) -> int | None:
    """The status of a reply that came whole, or None."""
    ended = call.ended
    return None if ended is None or ended.outcome is not Outcome.REPLIED else ended.status


def broke_off(call: CallView) -> bool:
    """Whether the connection, and not its client, put an end to a call."""
    ended = call.ended
    return ended is not None and ended.outcome in (Outcome.CUT, Outcome.RESET, Outcome.REFUSED)


def transient(call: CallView) -> bool:
    """Whether a call failed in a way that may be over at the next attempt."""
    return call.failed and (broke_off(call) or status_of(call) in TRANSIENT)


def gave_up(call: CallView) -> bool:
    """Whether the client of a call gave it up, or it never ended."""
    return call.ended is None or call.ended.outcome in (Outcome.ABANDONED, Outcome.OPEN)
