"""What model calls used and cost, as checks add it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from evalkit.checks.base import Facts
from evalkit.journal.views import CallView

THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Bill:
    """US dollars and tokens; `unpriced` are the numbers of calls whose cost is unknown."""

    cost: Decimal = Decimal(0)
    tokens: int = 0
    unpriced: tuple[int, ...] = ()

    @property
    def per_1k(self) -> Decimal | None:
        """US dollars per 1,000 tokens, if there were any."""
        return self.cost / self.tokens * THOUSAND if self.tokens else None


def billed(calls: Iterable[CallView], facts: Facts) -> tuple[CallView, ...]:
    """The calls of models that were answered with tokens."""
    return tuple(call for call in calls if call.service in facts.models and _answered(call))


def bill(calls: Iterable[CallView], facts: Facts) -> Bill:
    """What these calls come to."""
    cost, tokens, unpriced = Decimal(0), 0, []
    for call in billed(calls, facts):
        tokens += tokens_of(call)
        price = facts.cost(call)
        if price is None:
            unpriced.append(call.call)
        else:
            cost += price
    return Bill(cost, tokens, tuple(unpriced))


def tokens_of(call: CallView) -> int:
    """The tokens that a call read and wrote."""
    usage = None if call.ended is None else call.ended.usage
    return 0 if usage is None else usage.input + usage.output


def dollars(amount: Decimal | float) -> str:
    """An amount to read."""
    return f"${float(amount):.6f}".rstrip("0").rstrip(".")


def _answered(call: CallView) -> bool:
    """Whether a call cost something: what a model refused to answer costs nothing."""
    ended = call.ended
    return ended is not None and ended.usage is not None and (ended.status or 500) < 400
