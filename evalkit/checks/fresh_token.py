"""`fresh-token`: an expired credential leads to a new one, or to the user, not to silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.words import answer_of, listed, numbered
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.suite.parts import OneOrMany, Part

_FAULT = "token_expired"
_UNAUTHORIZED = 401


class Expiry(Part):
    """What may be answered where no new credential was got."""

    answer: OneOrMany[Answer] = Field(
        (
            *(Answer.SIGN_IN, Answer.REFUSED, Answer.DEGRADED),
            *(Answer.HOLD, Answer.ESCALATED, Answer.PARTIAL),
        ),
        description="The answer required, or several allowed, where the call did not succeed",
    )


class FreshToken(Check):
    """A call that was refused because its credential had expired is made again with success in the
    same turn, or the answer says that it was not. Services that are `optional` may go without.
    """

    name: ClassVar[str] = "fresh-token"
    about: ClassVar[str] = "a credential had expired, and it was neither renewed nor asked for"
    Settings: ClassVar[type[Part] | None] = Expiry
    example: ClassVar[str | None] = "fresh-token: {answer: sign_in}"
    settings: Expiry

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that went on without."""
        for turn in session.turns:
            if turn.ended is not None and turn.ended.answer in self.settings.answer:
                continue
            for calls in _by_operation(turn):
                service = calls[0].service
                use = facts.services.get(service)
                refused = [call for call in calls if _expired(call)]
                later = [call for call in calls if refused and call.call > refused[-1].call]
                renewed = any(not call.failed for call in later)
                if refused and not renewed and not (use is not None and use.optional):
                    yield self._without(session, turn, refused)

    def _without(self, session: SessionView, turn: TurnView, calls: list[CallView]) -> Finding:
        numbers = tuple(call.call for call in calls)
        name = f"{calls[0].service} {calls[0].started.operation}"
        seen = answer_of(turn)
        return self.finding(
            f"the credential of {name} had expired ({numbered(numbers)}), and turn {turn.turn} "
            f"was then: {seen}",
            at=end_of(session) if turn.ended is None else turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=numbers,
            expected=f"a call with a new credential, or {listed(self.settings.answer, 'or')}",
            seen=seen,
            hint="on 401 get a new token once and make the call again; where there is none to be "
            "had, answer `sign_in`",
        )


def _by_operation(turn: TurnView) -> list[list[CallView]]:
    found: dict[tuple[str, str], list[CallView]] = defaultdict(list)
    for call in turn.calls:
        found[call.service, call.started.operation].append(call)
    return list(found.values())


def _expired(call: CallView) -> bool:
    ended = call.ended
    if ended is None or ended.status != _UNAUTHORIZED:
        return False
    told = b"expired" in ended.body.lower()
    return told or any(each.fault == _FAULT for each in call.delivered)
