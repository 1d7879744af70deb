"""`cost-bounded`: no session, turn or token costs more than is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field, model_validator

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.bills import Bill, bill, dollars
from evalkit.checks.words import numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import Count, Part, missing_choice
from evalkit.units import Money

_BOUNDS = ("session", "turn", "per_1k_tokens", "tokens")


class Bounds(Part):
    """What may be spent; at least one is given."""

    session: Money | None = Field(None, description="US dollars that a session may cost")
    turn: Money | None = Field(None, description="US dollars that a turn may cost")
    per_1k_tokens: Money | None = Field(
        None, description="US dollars that 1,000 tokens of a session may cost"
    )
    tokens: Count | None = Field(None, description="Tokens, read and written, of a session")

    @model_validator(mode="before")
    @classmethod
    def _one_bound(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value:
            raise missing_choice(*_BOUNDS)
        return value


class CostBounded(Check):
    """Adds up what the models of a session used. A call without a price breaks every bound in
    dollars: nobody can say that it held.
    """

    name: ClassVar[str] = "cost-bounded"
    about: ClassVar[str] = "a session, a turn or its tokens cost more than is allowed"
    standard: ClassVar[bool] = False
    example: ClassVar[str] = "cost-bounded: {session: $0.02, per_1k_tokens: $0.15}"
    Settings: ClassVar[type[Part]] = Bounds
    settings: Bounds

    @classmethod
    def needs(cls) -> tuple[str, ...]:
        """One bound at least."""
        return _BOUNDS[:1]

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The bounds that were broken."""
        whole, bounds = bill(session.calls, facts), self.settings
        in_dollars = (bounds.session, bounds.turn, bounds.per_1k_tokens)
        if whole.unpriced and any(each is not None for each in in_dollars):
            yield self._unknown(session, whole)
        if bounds.session is not None and whole.cost > Decimal(str(bounds.session)):
            yield self._over(session, "the session", whole.cost, bounds.session, session.calls)
        rate = Decimal(0) if whole.unpriced else whole.per_1k or Decimal(0)
        if bounds.per_1k_tokens is not None and rate > Decimal(str(bounds.per_1k_tokens)):
            yield self._over(session, "1,000 tokens", rate, bounds.per_1k_tokens, session.calls)
        if bounds.tokens is not None and whole.tokens > bounds.tokens:
            yield self._many(session, whole.tokens, bounds.tokens)
        for turn in session.turns:
            spent = bill(turn.calls, facts)
            if bounds.turn is not None and spent.cost > Decimal(str(bounds.turn)):
                yield self._over(
                    session, f"turn {turn.turn}", spent.cost, bounds.turn, turn.calls, turn.turn
                )

    def _over(
        self,
        session: SessionView,
        what: str,
        cost: Decimal,
        limit: float,
        calls: Iterable[CallView],
        turn: int | None = None,
    ) -> Finding:
        asked = tuple(each.call for each in calls if _used(each))
        return self.finding(
            f"{what} cost {dollars(cost)}, {dollars(limit)} allowed ({numbered(asked)})",
            at=end_of(session),
            session=session.id,
            turn=turn,
            calls=asked,
            expected=f"at most {dollars(limit)}",
            seen=dollars(cost),
            hint="ask a cheaper model what it can answer, send less history, and ask less often",
        )

    def _many(self, session: SessionView, tokens: int, limit: int) -> Finding:
        asked = tuple(each.call for each in session.calls if _used(each))
        return self.finding(
            f"the session took {tokens:,} tokens, {limit:,} allowed ({numbered(asked)})",
            at=end_of(session),
            session=session.id,
            calls=asked,
            expected=f"at most {limit:,} tokens",
            seen=f"{tokens:,}",
            hint="send less history, and bound what models may write",
        )

    def _unknown(self, session: SessionView, whole: Bill) -> Finding:
        return self.finding(
            f"what {numbered(whole.unpriced)} cost is unknown, so no bound can be shown to hold",
            at=end_of(session),
            session=session.id,
            calls=whole.unpriced,
            expected="a price for every model that is asked",
            seen=f"{len(whole.unpriced)} calls without one",
            hint="name a `price` for the service, or put the model into the suite's price file",
        )


def _used(call: CallView) -> bool:
    return call.ended is not None and call.ended.usage is not None
