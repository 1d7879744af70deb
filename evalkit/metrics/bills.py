"""What the model calls of a turn or a session used and cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.metrics.context import is_model
from evalkit.metrics.money import total
from evalkit.metrics.rows import MODEL_SEPARATOR, CallRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Tokens and US dollars; None where a part is unknown, or where nothing is there to be billed.

    `unpriced` counts the calls whose tokens or price are unknown. `retry_cost` is what attempts
    after the first cost. `model` holds the models that were asked.
    """

    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    cost_per_1k_tokens: float | None = None
    retry_cost: float | None = None
    unpriced: int = 0


def bill(calls: Iterable[CallRow]) -> Bill:
    """What these calls used. One unknown part makes the sum unknown; no model call costs $0."""
    models = [each for each in calls if is_model(each.kind)]
    cost = _cost(models)
    tokens_in, tokens_out = _tokens(models)
    tokens = (tokens_in or 0) + (tokens_out or 0)
    return Bill(
        model=_names(models),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=cost,
        cost_per_1k_tokens=None if cost is None or not tokens else cost / tokens * 1000,
        retry_cost=_cost([each for each in models if each.attempt > 1]),
        unpriced=sum(each.unpriced for each in models),
    )


def _cost(calls: Sequence[CallRow]) -> float | None:
    """A call that failed before it was answered has no cost, and is none that is unpriced."""
    if any(each.unpriced for each in calls):
        return None
    return total(each.cost for each in calls if each.cost is not None)


def _tokens(calls: Sequence[CallRow]) -> tuple[int | None, int | None]:
    if any(each.unpriced and each.tokens_in is None for each in calls):
        return None, None
    read, written = (
        sum(each.tokens_in or 0 for each in calls),
        sum(each.tokens_out or 0 for each in calls),
    )
    return read, written


def _names(calls: Sequence[CallRow]) -> str | None:
    names = {each.model for each in calls if each.model is not None}
    return MODEL_SEPARATOR.join(sorted(names)) or None
