"""`within-budget`: no waiting beyond a service's budget, retries included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.attempting import looks
from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.called_off import is_given_up
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import LogicalCall, logical_calls, requested
from evalkit.journal.records import Finding, Outcome
from evalkit.journal.views import CallView, SessionView


class WithinBudget(Check):
    """Measures each logical call from its first request to the end of its last attempt; looks at
    what is not there yet (404) one by one.

    Nobody waits any longer for an attempt that was given up for the next, nor for a call whose turn
    has been answered, though their connections be open.
    """

    name: ClassVar[str] = "within-budget"
    about: ClassVar[str] = (
        "a logical call took longer than its service's `budget`, retries included"
    )

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls that took too long."""
        whole = logical_calls(requested(session.calls))
        for logical in (look for each in whole for look in looks(each)):
            use = facts.services.get(logical.service)
            end = max(_end(call, session) for call in _waited_for(logical))
            took = end - logical.first.started.at
            if use is not None and use.budget is not None and took > use.budget:
                yield self._too_long(session, logical, end, use.budget)

    def _too_long(
        self, session: SessionView, logical: LogicalCall, end: int, budget: int
    ) -> Finding:
        took = duration(end - logical.first.started.at)
        never = _is_open(logical.last) or _cut_short(logical.last, session)
        lasted = f"was still going on after {took}" if never else f"took {took}"
        return self.finding(
            f"{logical.service} {logical.operation} {lasted} "
            f"({numbered(logical.numbers)}), budget {duration(budget)}",
            at=end,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected=f"at most {duration(budget)}, retries included",
            seen=lasted if never else took,
            hint="set a timeout on the client"
            if never
            else "a timeout per attempt is not enough: attempts and waits between them add up",
        )


def _waited_for(logical: LogicalCall) -> tuple[CallView, ...]:
    return (*(each for each in logical.attempts if not is_given_up(each)), logical.last)


def _is_open(call: CallView) -> bool:
    return call.ended is None or call.ended.outcome is Outcome.OPEN


def _cut_short(call: CallView, session: SessionView) -> bool:
    """Whether only the end of its turn, which took too long, put an end to the call."""
    if call.ended is None or not is_given_up(call):
        return False
    ended = call.ended.at
    overdue = (each.ended for each in session.turns if each.ended and each.ended.timed_out)
    return any(turn.turn == call.started.turn and ended >= turn.at for turn in overdue)


def _end(call: CallView, session: SessionView) -> int:
    """When a call was over, or its turn answered; one that never ended, when its session was."""
    end = end_of(session) if call.ended is None else call.ended.at
    answered = (
        turn.ended.at
        for turn in session.turns
        if turn.turn == call.started.turn and turn.ended is not None and not turn.ended.timed_out
    )
    return min((max(end, call.started.at), *(at for at in answered if at > call.started.at)))
