"""`survives-restart`: the agent died and was started anew, and its sessions go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import came_to_nothing, failures
from evalkit.checks.repeating import may_be_repeated
from evalkit.checks.words import answer_of, numbered
from evalkit.faults import AGENT
from evalkit.journal.records import EffectCommitted, FaultMoved, Finding, Stage
from evalkit.journal.views import SessionView, TurnView


class SurvivesRestart(Check):
    """The turn that was asked again gets a reply, and what it had changed before it does not change
    a second time.
    """

    name: ClassVar[str] = "survives-restart"
    about: ClassVar[str] = "after a restart a session broke off, or did again what was done"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that did not survive it."""
        deaths = [each for each in session.faults if each.service == AGENT]
        met = {each.turn for each in deaths if each.stage is Stage.DELIVERED}
        failed = {failure.turn.turn for failure in failures(session)}
        for turn in session.turns:
            if turn.turn in met and turn.turn not in failed and came_to_nothing(turn):
                broken_off = {each.call for each in deaths if each.turn == turn.turn}
                yield self._broken(session, turn, broken_off)
        yield from self._repeated(session, deaths, facts)

    def _broken(self, session: SessionView, turn: TurnView, broken_off: set[int | None]) -> Finding:
        seen = answer_of(turn)
        return self.finding(
            f"the agent was restarted, and turn {turn.turn} was then: {seen}",
            at=end_of(session) if turn.ended is None else turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=tuple(each.call for each in turn.calls if each.call in broken_off),
            expected="a reply to the turn that is asked again",
            seen=seen,
            hint="keep what a turn needs outside of the process, and let a new one take it up "
            "from there, or begin the turn anew",
        )

    def _repeated(
        self, session: SessionView, deaths: list[FaultMoved], facts: Facts
    ) -> Iterator[Finding]:
        fired = [each.at for each in deaths if each.stage is Stage.FIRED]
        own = [each for each in session.effects if each.fault is None]
        for at, effect in enumerate(own):
            before = [each for each in own[:at] if _same(session, each, effect)]
            died = [each for each in fired if before and before[-1].at <= each < effect.at]
            if not died or may_be_repeated(effect, session, facts):
                continue
            if before[-1].call != effect.call:
                yield self._again(session, before[-1], effect)

    def _again(
        self, session: SessionView, first: EffectCommitted, second: EffectCommitted
    ) -> Finding:
        calls = (first.call, second.call)
        return self.finding(
            f"{second.service} {second.name} was committed before a restart and once more after it "
            f"({numbered(calls)})",
            at=second.at,
            session=session.id,
            turn=second.turn,
            calls=calls,
            expected="once",
            seen="twice",
            hint="write down the intention with its idempotency key before the call is made, and "
            "use that key again when the turn is taken up",
        )


def _same(session: SessionView, one: EffectCommitted, other: EffectCommitted) -> bool:
    """Whether two effects of a turn are the same change, asked for in the same words."""
    if (one.turn, one.service, one.name, one.key) != (
        other.turn,
        other.service,
        other.name,
        other.key,
    ):
        return False
    asked = [session.call(each.call).started for each in (one, other)]
    return asked[0].identity == asked[1].identity
