"""`turn-deadline`: every turn comes back, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.words import duration, listed, numbered
from evalkit.journal.records import End, Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.suite.parts import Part
from evalkit.units import Duration


class Deadline(Part):
    """How long a user waits."""

    within: Duration | None = Field(
        None, description="When the user must have an answer, if only `hold`"
    )


class TurnDeadline(Check):
    """Finds turns that never came back before the suite's deadline, and those that took too long.

    What counts is the time from when the turn should have begun to its reply. A scenario that
    expects its sessions to end `timed_out` has asked for it.
    """

    name: ClassVar[str] = "turn-deadline"
    about: ClassVar[str] = "a turn never came back, or the user was not told in time"
    example: ClassVar[str] = "turn-deadline: {within: 2s}"
    Settings: ClassVar[type[Part]] = Deadline
    settings: Deadline

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that did not come back in time."""
        for turn in session.turns:
            if turn.ended is None or turn.ended.timed_out:
                if End.TIMED_OUT not in facts.expected_ends and _is_over(session):
                    yield self._never(session, turn, facts)
                continue
            took = turn.ended.at - turn.started.intended
            if self.settings.within is not None and took > self.settings.within:
                yield self._late(session, turn, took, self.settings.within)

    def _never(self, session: SessionView, turn: TurnView, facts: Facts) -> Finding:
        end = end_of(session) if turn.ended is None else turn.ended.at
        waiting = [call for call in turn.calls if _under_way(call, end)]
        what = listed(f"{each.service} {each.started.operation}" for each in waiting)
        numbers = tuple(call.call for call in waiting)
        on = (
            f", waiting for {what} ({numbered(numbers)})" if waiting else ", with no call under way"
        )
        return self.finding(
            f"turn {turn.turn} never came back{on}",
            at=end,
            session=session.id,
            turn=turn.turn,
            calls=numbers,
            expected=f"a reply within {duration(self.settings.within or facts.turn_deadline)}",
            seen=f"none after {duration(end - turn.started.at)}",
            hint="set a timeout for the whole of each call, not only for each read, and answer "
            "when it is over"
            if waiting
            else "bound every wait of the agent's own: queues, locks, people",
        )

    def _late(self, session: SessionView, turn: TurnView, took: int, within: int) -> Finding:
        assert turn.ended is not None
        slowest = max(turn.calls, key=lambda call: call.latency or 0, default=None)
        most = (
            ""
            if slowest is None
            else f"; longest was {slowest.service} {slowest.started.operation} with "
            f"{duration(slowest.latency or 0)} ({numbered((slowest.call,))})"
        )
        return self.finding(
            f"turn {turn.turn} took {duration(took)}, {duration(within)} allowed{most}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=() if slowest is None else (slowest.call,),
            expected=f"a reply within {duration(within)}",
            seen=duration(took),
            hint="limit the time of what is slow, and tell the user to hold when it is over",
        )


def _is_over(session: SessionView) -> bool:
    """Whether the session ended by itself: one that was interrupted proves nothing."""
    return session.ended is not None


def _under_way(call: CallView, moment: int) -> bool:
    return call.ended is None or call.ended.at >= moment
