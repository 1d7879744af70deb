"""What the run cost, by model and by scenario, and what more sessions would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.gate.forecast import Interval, estimate
from evalkit.metrics import Unit
from evalkit.metrics.money import total
from evalkit.report.html.controls import pairs_of
from evalkit.report.html.groups import known, rows_by, total_of
from evalkit.report.html.integrations import retry_costs
from evalkit.report.html.reading import Stored, value
from evalkit.report.html.view import Cost, GateLine, ModelCost, ScenarioCost
from evalkit.report.spend import priced_by
from evalkit.store import ScenarioRecord

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

FORECAST = (1_000, 10_000, 100_000)
"""How many sessions a forecast is made for."""


def cost_of(stored: Stored, gates: Iterable[GateLine]) -> Cost:
    """What a run cost."""
    by_scenario = rows_by(stored.sessions, "scenario")
    lines = tuple(
        _scenario(stored, each, by_scenario)
        for each in sorted(stored.record.scenarios, key=lambda each: each.added)
        if each.name in by_scenario
    )
    added = [each.added for each in lines if each.added is not None]
    return Cost(
        total=total(each.cost for each in stored.record.spent),
        unpriced=sum(each.unpriced for each in stored.record.spent),
        retries=retry_costs(stored),
        added=total(added) if added else None,
        models=tuple(_models(stored)),
        scenarios=lines,
        forecast=tuple(_forecast(stored, by_scenario)),
        ceilings=tuple(each for each in gates if each.unit is Unit.MONEY),
        prices=priced_by(stored.record),
    )


def _models(stored: Stored) -> Iterator[ModelCost]:
    for each in sorted(stored.record.spent, key=lambda each: -each.cost):
        yield ModelCost(
            service=each.service,
            model=each.model or "a model without a name",
            calls=each.calls,
            unpriced=each.unpriced,
            tokens_in=each.tokens_in,
            tokens_out=each.tokens_out,
            cost=each.cost,
            by=each.by,
        )


def _scenario(
    stored: Stored, scenario: ScenarioRecord, by_scenario: Mapping[str, Values]
) -> ScenarioCost:
    table, rows = stored.sessions, by_scenario[scenario.name]
    costs = known(table, "cost", rows)
    cost = total(costs.tolist())
    return ScenarioCost(
        scenario=scenario.name,
        sessions=len(rows),
        cost=cost,
        each=cost / len(costs) if len(costs) else None,
        retries=total(known(table, "retry_cost", rows).tolist()),
        added=_added(stored, scenario, by_scenario),
        unpriced=int(total_of(table, "unpriced", rows)),
        control=scenario.added,
    )


def _added(
    stored: Stored, scenario: ScenarioRecord, by_scenario: Mapping[str, Values]
) -> float | None:
    """What its sessions cost more than the same without faults; None where one is unknown."""
    controls = by_scenario.get(scenario.control or "")
    if controls is None:
        return None
    ours, theirs = pairs_of(stored, by_scenario[scenario.name], controls)
    costs = stored.sessions.numbers("cost")
    if not len(ours) or not (costs.known[ours].all() and costs.known[theirs].all()):
        return None
    return total([*costs.values[ours].tolist(), *(-costs.values[theirs]).tolist()])


def _forecast(stored: Stored, by_scenario: dict[str, Values]) -> Iterator[tuple[int, Interval]]:
    """What more sessions like those without faults would cost, if their costs are known."""
    sound = [each for each in stored.record.scenarios if not each.faulty and not each.added]
    rows = {each.name: by_scenario.get(each.name) for each in sound}
    there: dict[str, Sequence[int]] = {n: r.tolist() for n, r in rows.items() if r is not None}
    costs = {
        name: {stored.keys[row][1]: value(stored.sessions, "cost", row) for row in own}
        for name, own in there.items()
    }
    values = [cost for own in costs.values() for cost in own.values()]
    if not values or None in values or not any(values) or len(costs) < len(sound):
        return
    planned = sum(map(len, costs.values()))
    found = estimate(costs, {name: len(own) / planned for name, own in costs.items()})
    for sessions in FORECAST:
        yield sessions, found.of_sum(sessions)
