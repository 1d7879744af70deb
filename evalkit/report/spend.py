"""What a scenario or a session cost, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalkit.metrics import Unit, format_figure
from evalkit.metrics.money import total
from evalkit.report.words import clean, count
from evalkit.store import Run, RunRecord


def cost_of(run: Run, scenario: str) -> str | None:
    """What a scenario cost, `$0.12, $0.003 a session`; None where there is nothing to tell."""
    table = run.lists.sessions
    rows = zip(table["scenario"], table["cost"], table["unpriced"], strict=True)
    own = [(cost, unpriced or 0) for name, cost, unpriced in rows if name == scenario]
    return _words([cost for cost, _ in own if cost is not None], sum(each for _, each in own))


def _words(costs: Sequence[float], unpriced: int) -> str | None:
    if unpriced:
        return f"cost unknown, {count(unpriced, 'call')} unpriced"
    spent = total(costs)
    if not spent:
        return None
    each = "" if len(costs) == 1 else f", {_money(spent / len(costs))} a session"
    return f"{_money(spent)}{each}"


def cost_of_session(row: Mapping[str, Any]) -> str | None:
    """What a session cost; None where there is nothing to tell."""
    costs = [] if row["cost"] is None else [row["cost"]]
    return _words(costs, row["unpriced"] or 0)


def priced_by(record: RunRecord) -> str | None:
    """The price tables of a run that priced something in it."""
    return record.prices if any(each.by is not None for each in record.spent) else None


def unpriced_calls(record: RunRecord) -> Iterator[str]:
    """A sentence about each model without a price."""
    for each in record.spent:
        if each.unpriced:
            model = clean(each.model or "a model without a name")
            are = "is" if each.unpriced == 1 else "are"
            calls = count(each.unpriced, "call")
            yield (
                f"{calls} of {clean(each.service)} to {model} {are} unpriced; give the model a "
                "price with `prices:`, or the service one with `price:`"
            )


def _money(dollars: float) -> str:
    return format_figure(dollars, Unit.MONEY)
