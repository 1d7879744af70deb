"""`effect-matches-claim`: what the agent says was done is in the ledger, and vice versa."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.targets import shown
from evalkit.checks.words import listed, numbered
from evalkit.journal.records import Answer, EffectCommitted, Finding, TurnEnded
from evalkit.journal.views import SessionView, TurnView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import Flag, JsonPath, OneOrMany, Part, Regex


class Claim(Part):
    """How a reply tells that an effect came about, or that it did not."""

    says: Regex | None = Field(None, description="Found in a text that says that it was done")
    denies: Regex | None = Field(None, description="Found in a text that says that it was not")
    context: JsonPath | None = Field(
        None, description="Where the context of a reply tells: true for done, false for not"
    )
    answers: OneOrMany[Answer] = Field((), description="Answers that say that it was done")
    denied_by: OneOrMany[Answer] = Field((), description="Answers that say that it was not")
    same_turn: Flag = Field(
        False, description="Whether each claim needs an effect of its own turn, not of the session"
    )


class Claims(Part):
    """What claims look like, for each effect."""

    effects: Mapping[str, Claim] = Field(
        min_length=1, description="How replies tell of an effect, by its name in the ledger"
    )


class EffectMatchesClaim(Check):
    """Holds what a reply tells of an effect against the ledger.

    An effect stands for a claim if a call made it that had begun by the end of the turn, also if it
    was committed later. A denial is wrong if a call of its own turn made the effect. Texts are
    searched without regard to case; a text that denies does not claim.
    """

    name: ClassVar[str] = "effect-matches-claim"
    about: ClassVar[str] = "the reply says that something was done and the ledger does not, or not"
    example: ClassVar[str] = (
        'effect-matches-claim: {effects: {refund: {says: "refunded", denies: "not refund"}}}'
    )
    Settings: ClassVar[type[Part]] = Claims
    settings: Claims

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns whose replies tell something else than the ledger."""
        del facts
        for turn in session.turns:
            if turn.ended is None:
                continue
            for name, claim in self.settings.effects.items():
                told = _told(claim, turn.ended)
                if told is not None:
                    yield from self._compare(session, turn, turn.ended, name, claim, told)

    def _compare(
        self,
        session: SessionView,
        turn: TurnView,
        ended: TurnEnded,
        name: str,
        claim: Claim,
        told: tuple[bool, str],
    ) -> Iterator[Finding]:
        done, words = told
        own = [each for each in session.effects if each.name == name and each.turn == turn.turn]
        known = own if claim.same_turn or not done else _until(session, ended, name)
        if done == bool(known):
            return
        calls = tuple(dict.fromkeys(each.call for each in known))
        ledger = (
            f"it was committed by {numbered(calls)}" if known else "the ledger holds no such effect"
        )
        yield self.finding(
            f"turn {turn.turn} says that {name} was {'done' if done else 'not done'} "
            f"({words}), but {ledger}",
            at=ended.at,
            session=session.id,
            turn=turn.turn,
            calls=calls,
            expected=f"{name} {'committed' if done else 'not committed'}",
            seen=_seen(known),
            hint="say done only when the service has confirmed it"
            if done
            else "where it is not known whether it worked, look before saying that it did not",
        )


def _told(claim: Claim, ended: TurnEnded) -> tuple[bool, str] | None:
    """Whether a reply tells that it was done or that it was not, and by what; None for neither."""
    text = ended.text or ""
    if (found := _search(claim.denies, text)) is not None:
        return False, f'"{shown(found)}"'
    for value in at_path(claim.context, _plain(ended.context)) if claim.context else ():
        if isinstance(value, bool):
            return value, f"{claim.context} is {str(value).lower()}"
    if ended.answer is not None and ended.answer in claim.denied_by:
        return False, f"its answer is {ended.answer}"
    if (found := _search(claim.says, text)) is not None:
        return True, f'"{shown(found)}"'
    if ended.answer is not None and ended.answer in claim.answers:
        return True, f"its answer is {ended.answer}"
    return None


def _search(pattern: str | None, text: str) -> str | None:
    found = re.search(pattern, text, re.IGNORECASE) if pattern is not None else None
    return None if found is None else found[0]


def _plain(context: Mapping[str, Any]) -> dict[str, Any]:
    return dict(context)


def _until(session: SessionView, ended: TurnEnded, name: str) -> list[EffectCommitted]:
    """The effects of a name that were begun by the end of a turn."""
    begun = {call.call for call in session.calls if call.started.at <= ended.at}
    return [each for each in session.effects if each.name == name and each.call in begun]


def _seen(known: Iterable[EffectCommitted]) -> str:
    keys = [listed(each.key) or "without a key" for each in known]
    return f"committed: {', '.join(keys)}" if keys else "not committed"
