"""`escalation-complete`: who is told of an escalation has a task to show for it, in time, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.targets import Operations, Place, at_place, of_any
from evalkit.checks.words import duration, failure_of, listed, numbered
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.suite.parts import OneOrMany, Part
from evalkit.units import Duration


class Escalation(Part):
    """What an escalation is."""

    to: Operations = Field(min_length=1, description="The operation that puts it into the queue")
    fields: OneOrMany[Place] = Field((), description="The context that must go with it")
    within: Duration | None = Field(None, description="How long after the start of the turn")


class EscalationComplete(Check):
    """A turn that is `escalated` put one task into the queue, with all of its context, in time."""

    name: ClassVar[str] = "escalation-complete"
    about: ClassVar[str] = "an escalation reached nobody, or late, twice, or without its context"
    Settings: ClassVar[type[Part] | None] = Escalation
    example: ClassVar[str | None] = (
        "escalation-complete: {to: crm POST /tasks, fields: [$.customer, $.reason], within: 30s}"
    )
    settings: Escalation

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The escalations that are not whole."""
        del facts
        for turn in session.turns:
            if turn.ended is not None and turn.ended.answer is Answer.ESCALATED:
                asked = logical_calls(of_any(self.settings.to, turn.calls))
                taken = [each for each in asked if each.recovered]
                if not taken:
                    yield self._nobody(session, turn, asked)
                    continue
                if len(made := _tasks(asked, taken)) > 1:
                    yield self._twice(session, turn, made)
                yield from self._poor(session, turn, taken[0])
                yield from self._late(session, turn, taken[0])

    def _nobody(
        self, session: SessionView, turn: TurnView, asked: tuple[LogicalCall, ...]
    ) -> Finding:
        names = listed(self.settings.to, "or")
        calls = tuple(number for each in asked for number in each.numbers)
        ways = "; ".join(dict.fromkeys(failure_of(each.last) for each in asked))
        seen = f"{names} failed ({numbered(calls)}: {ways})" if asked else f"no call of {names}"
        hint = "say `escalated` only when the queue has taken the task; else keep it and try again"
        return self._finding(session, turn, seen, "a task in the queue", calls, hint)

    def _twice(self, session: SessionView, turn: TurnView, calls: tuple[int, ...]) -> Finding:
        seen = f"{len(calls)} tasks in the queue ({numbered(calls)})"
        hint = "give the task an idempotency key that its retries and its callers share"
        return self._finding(session, turn, seen, "one task", calls, hint)

    def _poor(self, session: SessionView, turn: TurnView, task: LogicalCall) -> Iterator[Finding]:
        lacks = [
            place
            for place in self.settings.fields
            if not any(each not in (None, "", [], {}) for each in at_place(place, task.last))
        ]
        if lacks:
            seen = f"a task without {listed(lacks)} (call #{task.last.call})"
            hint = "hand over what the person needs to go on without asking the user again"
            expected = f"{listed(lacks)} in the task"
            yield self._finding(session, turn, seen, expected, (task.last.call,), hint)

    def _late(self, session: SessionView, turn: TurnView, task: LogicalCall) -> Iterator[Finding]:
        good = next(call for call in task.attempts if not call.failed)
        within = self.settings.within
        if within is None or good.ended is None or good.ended.at - turn.started.at <= within:
            return
        seen = f"a task after {duration(good.ended.at - turn.started.at)} (call #{good.call})"
        hint = "what comes before the escalation takes too long: give it a timeout of its own"
        expected = f"a task within {duration(within)}"
        yield self._finding(session, turn, seen, expected, (good.call,), hint)

    def _finding(
        self,
        session: SessionView,
        turn: TurnView,
        seen: str,
        expected: str,
        calls: tuple[int, ...],
        hint: str,
    ) -> Finding:
        assert turn.ended is not None
        return self.finding(
            f"turn {turn.turn} was escalated, and there is {seen}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=calls,
            expected=expected,
            seen=seen,
            hint=hint,
        )


def _tasks(asked: Iterable[LogicalCall], taken: Iterable[LogicalCall]) -> tuple[int, ...]:
    """The calls that put a task into the queue: those with an effect, where any has one.

    One that failed, or died with the agent, may have: what was taken after it is then a repetition.
    Effects of other names are what became of it: that it was picked up, or answered.
    """
    calls = [call for each in asked for call in each.attempts]
    effects = [each for call in calls for each in call.effects if each.fault is None]
    put = tuple(each.call for each in effects if each.name == effects[0].name)
    return put or tuple(each.last.call for each in taken)
