"""`routes-correctly`: the branch taken is the one that the input asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.conditions import Condition, of_turns, true_of
from evalkit.checks.failures import troubled
from evalkit.checks.scope import Scope
from evalkit.checks.targets import Operations, of_any
from evalkit.checks.words import answer_of, listed, numbered
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView
from evalkit.suite.parts import OneOrMany, Part


class Route(Part):
    """Where an input leads."""

    when: Condition = Field(
        description="Which sessions or turns are meant: `session.vars.kind == 'refund'`, "
        "`'refund' in turn.input`"
    )
    calls: Operations = Field((), description="Operations that must be called")
    never: Operations = Field((), description="Operations that must not be")
    answer: OneOrMany[Answer] = Field((), description="The answer required, or several allowed")

    @model_validator(mode="after")
    def _says_something(self) -> Route:
        if not (self.calls or self.never or self.answer):
            raise ValueError("a route says where it leads: `calls`, `never` or `answer`")
        return self


class RoutesCorrectly(Check):
    """Judges the sessions that `when` holds of, or where it speaks of `turn`, those turns.

    Where a service failed for good, or no reply came, the agent may leave its route.
    """

    name: ClassVar[str] = "routes-correctly"
    about: ClassVar[str] = "the branch taken is not the one that the input asks for"
    Settings: ClassVar[type[Part] | None] = Route
    example: ClassVar[str | None] = (
        "routes-correctly: {when: session.vars.tier == 'gold', calls: crm POST /callbacks}"
    )
    settings: Route

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The sessions or turns that went another way."""
        lost = {*troubled(session)}
        lost |= {turn.turn for turn in session.turns if turn.ended is None or turn.ended.error}
        if of_turns(self.settings.when):
            for turn in session.turns:
                if turn.turn not in lost and true_of(self.settings.when, session, facts, turn):
                    yield from self._judge(Scope(session, turn))
        elif session.turns and not lost and true_of(self.settings.when, session, facts):
            yield from self._judge(Scope(session))

    def _judge(self, scope: Scope) -> Iterator[Finding]:
        turn = scope.turn or scope.session.turns[-1]
        for wanted in self.settings.calls:
            if not of_any((wanted,), scope.calls):
                yield self._astray(scope, f"{wanted} was never called", f"a call of {wanted}")
        for refused in self.settings.never:
            if made := of_any((refused,), scope.calls):
                calls = tuple(call.call for call in made)
                seen = f"{refused} was called ({numbered(calls)})"
                yield self._astray(scope, seen, f"no call of {refused}", calls)
        allowed = self.settings.answer
        if allowed and (turn.ended is None or turn.ended.answer not in allowed):
            expected = listed(allowed, "or")
            yield self._astray(scope, f"turn {turn.turn} was {answer_of(turn)}", expected)

    def _astray(
        self, scope: Scope, seen: str, expected: str, calls: tuple[int, ...] = ()
    ) -> Finding:
        ended = None if scope.turn is None else scope.turn.ended
        where = "the session" if scope.turn is None else f"turn {scope.turn.turn}"
        return self.finding(
            f"{where} is one where {self.settings.when}, and {seen}",
            at=end_of(scope.session) if ended is None else ended.at,
            session=scope.session.id,
            turn=None if scope.turn is None else scope.turn.turn,
            calls=calls,
            expected=expected,
            seen=seen,
            hint="look at the edge or handover that decides this: what does it read, "
            "and what does it do by default?",
        )
