"""`throttles-on-budget`: an agent whose budget is used up asks no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field, model_validator

from evalkit.checks.base import Check, Facts
from evalkit.checks.bills import billed, dollars, tokens_of
from evalkit.checks.words import answer_of, listed, numbered
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.suite.parts import Count, Natural, OneOrMany, Part, missing_choice
from evalkit.units import Money


class Budget(Part):
    """What a session may use up, and what is to be done then; a budget at least is given."""

    cost: Money | None = Field(None, description="US dollars of a session")
    tokens: Count | None = Field(None, description="Tokens of a session, read and written")
    grace: Natural = Field(
        0, description="Calls of models that may still follow, as to round the turn off"
    )
    then: OneOrMany[Answer] = Field(
        (), description="Answers allowed in later turns; without any, all"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_budget(cls, value: Any) -> Any:
        if isinstance(value, dict) and not {"cost", "tokens"} & set(value):
            raise missing_choice("cost", "tokens")
        return value


class ThrottlesOnBudget(Check):
    """Finds calls of models that begin when the session has used its budget up.

    Calls that were under way by then are none. Attempts that failed cost nothing and count all the
    same: whoever has no budget does not ask.
    """

    name: ClassVar[str] = "throttles-on-budget"
    about: ClassVar[str] = "the agent went on asking models after its budget was used up"
    standard: ClassVar[bool] = False
    example: ClassVar[str] = "throttles-on-budget: {tokens: 20000, then: [degraded, escalated]}"
    Settings: ClassVar[type[Part]] = Budget
    settings: Budget

    @classmethod
    def needs(cls) -> tuple[str, ...]:
        """A budget."""
        return ("tokens",)

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """What was asked and answered after the budget was used up."""
        empty = self._used_up(session, facts)
        if empty is None or empty.ended is None:
            return
        moment = empty.ended.at
        after = [
            call
            for call in session.calls
            if call.service in facts.models and call.started.at >= moment and call is not empty
        ]
        if len(after) > self.settings.grace:
            yield self._went_on(session, empty, after)
        for turn in session.turns:
            answer = None if turn.ended is None else turn.ended.answer
            then = self.settings.then
            if turn.started.at >= moment and then and answer not in then:
                yield self._answered(session, turn, empty)

    def _used_up(self, session: SessionView, facts: Facts) -> CallView | None:
        """The call by which the budget was used up, if it was."""
        cost, tokens = Decimal(0), 0
        budget = None if self.settings.cost is None else Decimal(str(self.settings.cost))
        done = billed(session.calls, facts)
        for call in sorted(done, key=lambda each: each.ended.at if each.ended else 0):
            cost += facts.cost(call) or 0
            tokens += tokens_of(call)
            if budget is not None and cost >= budget:
                return call
            if self.settings.tokens is not None and tokens >= self.settings.tokens:
                return call
        return None

    @property
    def _budget(self) -> str:
        tokens = "" if self.settings.tokens is None else f"{self.settings.tokens:,} tokens"
        cost = "" if self.settings.cost is None else dollars(self.settings.cost)
        return listed([each for each in (cost, tokens) if each], "or")

    def _went_on(self, session: SessionView, empty: CallView, after: Sequence[CallView]) -> Finding:
        numbers = tuple(each.call for each in after)
        return self.finding(
            f"the budget of {self._budget} was used up by {numbered((empty.call,))}, and models "
            f"were asked again ({numbered(numbers)})",
            at=after[0].started.at,
            session=session.id,
            turn=after[0].started.turn,
            calls=(empty.call, *numbers),
            expected=f"at most {self.settings.grace} more" if self.settings.grace else "no more",
            seen=f"{len(after)} more",
            hint="look at what is left before asking a model, and do without when it is gone",
        )

    def _answered(self, session: SessionView, turn: TurnView, empty: CallView) -> Finding:
        wanted = listed(self.settings.then, "or")
        return self.finding(
            f"the budget of {self._budget} was used up by {numbered((empty.call,))}, and turn "
            f"{turn.turn} was {answer_of(turn)}, not {wanted}",
            at=turn.started.at if turn.ended is None else turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=(empty.call,),
            expected=wanted,
            seen=answer_of(turn),
            hint="tell the user that there is a limit, or hand over",
        )
