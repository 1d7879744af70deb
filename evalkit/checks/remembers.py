"""`remembers`: what the user said in an earlier turn is still known in a later one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.conditions import Text, filled
from evalkit.checks.failures import came_to_nothing, failures
from evalkit.checks.operations import Operation
from evalkit.checks.targets import shown
from evalkit.checks.traces import readable, request_text, stands_in, told_text
from evalkit.journal.records import Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.suite.parts import Count, Part


class Memory(Part):
    """What has to be known, when, and where that shows."""

    fact: Text = Field(description='What the user said: "{{ session.vars.order }}"')
    turn: Count | None = Field(None, description="In which turn it must be known; none: the last")
    at: Operation | None = Field(
        None, description="The requests that it must stand in; none: any, or the reply"
    )


class Remembers(Check):
    """Sessions in which the user never says it, or only in that turn or later, are left alone, and
    so are turns that came to nothing or in which a service failed for good.
    """

    name: ClassVar[str] = "remembers"
    about: ClassVar[str] = "what the user had said in an earlier turn was forgotten"
    Settings: ClassVar[type[Part] | None] = Memory
    example: ClassVar[str | None] = (
        'remembers: {fact: "{{ session.vars.order }}", turn: 4, at: llm}'
    )
    settings: Memory

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """Whether it was forgotten."""
        number = self.settings.turn or max((each.turn for each in session.turns), default=0)
        turn = next((each for each in session.turns if each.turn == number), None)
        if turn is None or came_to_nothing(turn):
            return
        fact = str(filled(self.settings.fact, session.id, facts)).strip()
        told = [each.turn for each in session.turns if _says(each, fact) and each.turn < number]
        failed = any(failure.turn is turn for failure in failures(session))
        if fact and told and not failed and not self._known(turn, fact):
            yield self._forgotten(session, turn, fact, told[-1])

    def _known(self, turn: TurnView, fact: str) -> bool:
        at = self.settings.at
        asked = [call for call in turn.calls if at is None or at.fits(call)]
        if at is not None and not asked:
            return True  # it was never needed there
        texts = [request_text(call) for call in asked] + ([told_text(turn)] if at is None else [])
        return any(stands_in(readable(fact).lower(), text.lower()) for text in texts)

    def _forgotten(self, session: SessionView, turn: TurnView, fact: str, told: int) -> Finding:
        at = self.settings.at
        where = "no request and not in the reply" if at is None else f"no request of {at}"
        calls = tuple(call.call for call in turn.calls if at is not None and at.fits(call))
        return self.finding(
            f"the user said {shown(fact)} in turn {told}, and in turn {turn.turn} it stands in "
            f"{where}",
            at=turn.started.at if turn.ended is None else turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=calls,
            expected=shown(fact),
            seen="nothing of it",
            hint="look at what is kept between turns, and at what a trimmed or summarised history "
            "leaves out",
        )


def _says(turn: TurnView, fact: str) -> bool:
    return stands_in(fact.lower(), turn.started.input.lower())
