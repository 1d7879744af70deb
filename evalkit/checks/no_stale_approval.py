"""`no-stale-approval`: an approval holds for what was approved, for a time, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from evalkit.checks.approvals import Approval, Approved, approvals, asked_at, effects_of, is_of
from evalkit.checks.base import Check, Facts
from evalkit.checks.targets import same, shown
from evalkit.checks.words import duration
from evalkit.journal.records import EffectCommitted, Finding
from evalkit.journal.views import SessionView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import Flag, JsonPath, Part
from evalkit.units import Duration


class FreshApproval(Approval):
    """How long an approval holds, and for what."""

    valid: Duration | None = Field(None, description="How long it holds")
    once: Flag = Field(True, description="Whether each effect needs an approval of its own")
    covers: Mapping[JsonPath, str] = Field(
        {}, description="What must be as approved: a place in the approval, a field of the effect"
    )


class NoStaleApproval(Check):
    """The approvals before an effect are held against it; the one that fits best counts.

    An effect without any is the business of `approval-before-effect`.
    """

    name: ClassVar[str] = "no-stale-approval"
    about: ClassVar[str] = "an effect rested on an approval that was old, used, or of other terms"
    Settings: ClassVar[type[Part] | None] = FreshApproval
    example: ClassVar[str | None] = (
        "no-stale-approval: {effect: loan, by: crm GET /approvals/*, where: {$.status: approved}, "
        "valid: 15min}"
    )
    settings: FreshApproval

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The effects that rested on one."""
        del facts
        given = approvals(self.settings, session)
        used: dict[Approved, EffectCommitted] = {}
        for effect in effects_of(self.settings, session):
            asked = asked_at(effect, session)
            before = [
                each for each in given if each.at <= asked and is_of(self.settings, each, effect)
            ]
            judged = [(self._stale(each, effect, asked, used), each) for each in before]
            good = [each for why, each in judged if why is None]
            if good:
                used[good[-1]] = effect
            elif judged:
                why, last = judged[-1]
                yield self._rested_on(effect, last, str(why))

    def _stale(
        self,
        approved: Approved,
        effect: EffectCommitted,
        asked: int,
        used: Mapping[Approved, EffectCommitted],
    ) -> str | None:
        """Why an approval does not hold for an effect; None where it does."""
        valid, age = self.settings.valid, asked - approved.at
        if valid is not None and age > valid:
            return f"was {duration(age)} old, and holds for {duration(valid)}"
        for path, name in self.settings.covers.items():
            terms = at_path(path, approved.body) if approved.body is not None else ()
            if terms and not any(same(each, effect.data.get(name)) for each in terms):
                return f"was of {name} {shown(terms[0])}, not {shown(effect.data.get(name))}"
        if self.settings.once and (before := used.get(approved)) is not None:
            return f"had been used for {before.name} by call #{before.call}"
        return None

    def _rested_on(self, effect: EffectCommitted, approved: Approved, why: str) -> Finding:
        calls = (effect.call,) if approved.call is None else (approved.call, effect.call)
        return self.finding(
            f"{effect.service} committed {effect.name} (call #{effect.call}) on an approval "
            f"({approved.words}) that {why}",
            at=effect.at,
            session=effect.session,
            turn=effect.turn,
            calls=calls,
            expected="an approval of this, that still holds",
            seen=f"one that {why}",
            hint="bind the approval to what was approved and to its time, look at both when the "
            "effect is made, and use it up with it",
        )
