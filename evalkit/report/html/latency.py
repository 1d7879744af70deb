"""How long turns took, scenario by scenario, and where their time went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalkit.gate import GateResult
from evalkit.metrics import Unit
from evalkit.report.html.groups import known, mean_of, range_of, rows_by, spread_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Latency, Limit
from evalkit.store import ScenarioRecord

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values


def latencies_of(stored: Stored) -> tuple[Latency, ...]:
    """A line per scenario, in the order of the suite; controls last."""
    by_scenario = rows_by(stored.turns, "scenario")
    taken = stored.turns.numbers("latency_ns")
    scale = range_of(taken.values[taken.known]) if taken.known.any() else None
    return tuple(
        _latency(stored, each, by_scenario[each.name], scale)
        for each in sorted(stored.record.scenarios, key=lambda each: each.added)
        if each.name in by_scenario
    )


def _latency(
    stored: Stored, scenario: ScenarioRecord, rows: Values, scale: tuple[float, float] | None
) -> Latency:
    turns = stored.turns
    model, tools, waiting = (
        mean_of(turns, f"{each}_time_ns", rows) or 0.0 for each in ("llm", "tool", "wait")
    )
    gates = scenario.gates if scenario.faulty else (*stored.record.gates, *scenario.gates)
    return Latency(
        scenario=scenario.name,
        spread=spread_of(known(turns, "latency_ns", rows), scale),
        limits=() if scenario.added else tuple(_limits(gates)),
        model=model,
        tools=tools,
        waiting=waiting,
        control=scenario.added,
    )


def _limits(gates: tuple[GateResult, ...]) -> Iterator[Limit]:
    for each in gates:
        if each.unit is Unit.DURATION and "(turn.latency" in each.figure:
            yield Limit(label=each.gate, at=each.limit, verdict=each.verdict)
