"""`no-lost-effect`: what the agent set out to do is done, or the user knows that it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import failures
from evalkit.checks.operations import Operation
from evalkit.checks.words import failure_of, listed, numbered
from evalkit.journal.records import Answer, Finding, Stage
from evalkit.journal.views import CallView, JournalView, SessionView
from evalkit.suite.parts import OneOrMany, Part

_NOTHING = "commit_nothing"
_LATER = frozenset({"commit_late", "commit_reordered"})
_Known: TypeAlias = frozenset[tuple[str, str]]


class Intended(Part):
    """Which effects count."""

    of: OneOrMany[Operation] = Field(
        (), description="Operations that make effects; without any, those that were seen to"
    )
    effect: str | None = Field(
        None, description="The effect that makes good, whatever made it; else any later of the turn"
    )


class NoLostEffect(Check):
    """Finds writes that came to nothing in turns that were `answered` all the same.

    A write came to nothing if all its attempts failed, or if the service said that it was done and
    committed nothing (the fault `commit_nothing`), and no later effect made it good.
    """

    name: ClassVar[str] = "no-lost-effect"
    about: ClassVar[str] = "a write came to nothing and the turn was `answered` all the same"
    example: ClassVar[str] = "no-lost-effect: {of: payments POST /refunds, effect: refund}"
    Settings: ClassVar[type[Part]] = Intended
    settings: Intended

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """The writes that were lost, by session."""
        known = frozenset(
            (call.service, call.started.operation)
            for session in view.sessions
            for call in session.calls
            if call.effects
        )
        for session in view.sessions:
            for calls in _fruitless(session):
                use = facts.services.get(calls[0].service)
                optional = use is not None and use.optional
                if not optional and self._is_write(calls[0], known):
                    yield from self._lost(session, calls)

    def _is_write(self, call: CallView, known: _Known) -> bool:
        if self.settings.of:
            return any(each.fits(call) for each in self.settings.of)
        return (call.service, call.started.operation) in known

    def _lost(self, session: SessionView, calls: tuple[CallView, ...]) -> Iterator[Finding]:
        first, last = calls[0], calls[-1]
        turn = next((each for each in session.turns if each.turn == first.started.turn), None)
        ended = None if turn is None else turn.ended
        if ended is None or ended.answer is not Answer.ANSWERED or self._made_good(session, first):
            return
        numbers = tuple(each.call for each in calls)
        said_done = not last.failed
        ways = "said to be done" if said_done else listed(map(failure_of, calls[-1:]))
        yield self.finding(
            f"{first.service} {first.started.operation} committed nothing "
            f"({numbered(numbers)}: {ways}), and turn {first.started.turn} was answered "
            "as if it had",
            at=max(ended.at, end_of(session)),
            session=session.id,
            turn=first.started.turn,
            calls=numbers,
            expected=f"the effect {self.settings.effect}" if self.settings.effect else "an effect",
            seen="none",
            hint="read back what matters, and say what was not done"
            if said_done
            else "try again until it is done or hand it over, and say so",
        )

    def _made_good(self, session: SessionView, call: CallView) -> bool:
        """Whether an effect that came later stands for the one that was lost."""
        later = [each for each in session.effects if each.call >= call.call]
        if self.settings.effect is not None:
            return any(each.name == self.settings.effect for each in later)
        return any(each.turn == call.started.turn for each in later)


def _fruitless(session: SessionView) -> Iterator[tuple[CallView, ...]]:
    """The attempts at each thing that failed for good, or that committed nothing by a fault."""
    by_number = {call.call: call for call in session.calls}
    for failure in failures(session):
        calls = tuple(by_number[number] for number in failure.calls)
        if not any(call.effects or _comes_later(call) for call in calls):
            yield calls
    for call in session.calls:
        if not call.failed and not call.effects and _has(call, {_NOTHING}):
            yield (call,)


def _comes_later(call: CallView) -> bool:
    return _has(call, _LATER)


def _has(call: CallView, names: frozenset[str] | set[str]) -> bool:
    return any(each.fault in names and each.stage is not Stage.SCHEDULED for each in call.faults)
