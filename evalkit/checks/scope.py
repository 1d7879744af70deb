"""What an expectation is about: a session, or one turn of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.checks.base import end_of
from evalkit.journal.records import EffectCommitted, Finding, Severity
from evalkit.journal.views import CallView, SessionView, TurnView

EXPECTATION = "expectation"
"""The check that findings about expectations are of."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an `expect` is about: a session, or one turn of it."""

    session: SessionView
    turn: TurnView | None = None

    @property
    def calls(self) -> tuple[CallView, ...]:
        """The calls made in it."""
        return self.session.calls if self.turn is None else self.turn.calls

    @property
    def effects(self) -> tuple[EffectCommitted, ...]:
        """The effects committed in it."""
        if self.turn is None:
            return self.session.effects
        return tuple(each for each in self.session.effects if each.turn == self.turn.turn)

    def finding(
        self,
        message: str,
        *,
        expected: str,
        seen: str,
        turn: TurnView | None = None,
        calls: Iterable[int] = (),
        hint: str | None = None,
    ) -> Finding:
        """A finding about it, or about a turn of it."""
        about = turn or self.turn
        ended = None if about is None else about.ended
        return Finding(
            at=end_of(self.session) if ended is None else ended.at,
            session=self.session.id,
            turn=None if about is None else about.turn,
            check=EXPECTATION,
            severity=Severity.VIOLATION,
            message=message,
            expected=expected,
            seen=seen,
            calls=tuple(calls),
            hint=hint,
        )
