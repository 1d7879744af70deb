"""`waits-for-prerequisite`: nothing before the answer that it depends on has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.targets import (
    Wanted,
    answered_calls,
    ended_before,
    holds,
    json_in,
)
from evalkit.checks.words import duration, failure_of, numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import Part
from evalkit.units import Duration


class Prerequisite(Part):
    """What has to come first."""

    before: Operation = Field(description="What must wait")
    needs: Operation = Field(description="Whose answer it must wait for")
    where: Wanted = Field(
        {}, description="What the answer must hold, by JSONPath: a value, or one of several"
    )
    within: Duration | None = Field(
        None, description="How old the answer may be by then; none: as old as the session"
    )


class WaitsForPrerequisite(Check):
    """Every request waits for an answer of the session that is there before it is sent."""

    name: ClassVar[str] = "waits-for-prerequisite"
    about: ClassVar[str] = "a call was made before the answer that it depends on, or against it"
    Settings: ClassVar[type[Part] | None] = Prerequisite
    example: ClassVar[str | None] = (
        "waits-for-prerequisite: {before: payments POST /charges, needs: crm POST /screenings, "
        "where: {$.status: clear}}"
    )
    settings: Prerequisite

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The calls that were made too early, or against the answer."""
        del facts
        asked = [call for call in session.calls if self.settings.needs.fits(call)]
        for call in session.calls:
            if self.settings.before.fits(call):
                at = call.started.at
                known = [each for each in answered_calls(asked) if ended_before(each, at)]
                positive = [each for each in known if self._positive(each)]
                if not any(self._fresh(each, at) for each in positive):
                    yield self._early(call, asked, known, positive)

    def _fresh(self, call: CallView, at: int) -> bool:
        assert call.ended is not None
        return self.settings.within is None or at - call.ended.at <= self.settings.within

    def _positive(self, call: CallView) -> bool:
        assert call.ended is not None
        return holds(self.settings.where, json_in(call.ended.body))

    def _early(
        self,
        call: CallView,
        asked: list[CallView],
        known: list[CallView],
        positive: list[CallView],
    ) -> Finding:
        seen = self._old(call, positive[-1]) if positive else self._seen(call, asked, known)
        asked = [each for each in asked if each.call < call.call]
        wanted = ", ".join(f"{path} {value}" for path, value in self.settings.where.items())
        return self.finding(
            f"{call.service} {call.started.operation} (call #{call.call}) was made, and {seen}",
            at=call.started.at,
            session=call.started.session,
            turn=call.started.turn,
            calls=(*(each.call for each in asked), call.call),
            expected=f"first an answer of {self.settings.needs}"
            + (f" with {wanted}" if wanted else ""),
            seen=seen,
            hint="await the answer and look at it before going on; "
            "what runs side by side waits for nothing",
        )

    def _old(self, call: CallView, last: CallView) -> str:
        assert last.ended is not None
        age, within = call.started.at - last.ended.at, self.settings.within or 0
        return (
            f"the answer of {self.settings.needs} ({numbered((last.call,))}) was {duration(age)} "
            f"old, and holds for {duration(within)}"
        )

    def _seen(self, call: CallView, asked: list[CallView], known: list[CallView]) -> str:
        needs, numbers = self.settings.needs, tuple(each.call for each in known)
        if known:
            return f"{needs} had answered otherwise ({numbered(numbers)})"
        begun = [each for each in asked if each.call < call.call]
        if not begun:
            return f"{needs} had not been asked"
        last = begun[-1]
        if ended_before(last, call.started.at):
            return f"{needs} had failed ({numbered((last.call,))}: {failure_of(last)})"
        return f"{needs} had not answered yet ({numbered((last.call,))})"
