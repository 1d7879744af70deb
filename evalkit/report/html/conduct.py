"""How sessions were orchestrated: completed, handed over, degraded, held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.report.html.groups import mean_of, rows_by
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Conduct

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values


def conduct_of(stored: Stored) -> tuple[Conduct, ...]:
    """A line per scenario, in the order of the suite; controls last."""
    by_scenario = rows_by(stored.sessions, "scenario")
    return tuple(
        conduct_in(stored, each.name, by_scenario[each.name], control=each.added)
        for each in sorted(stored.record.scenarios, key=lambda each: each.added)
        if each.name in by_scenario
    )


def conduct_in(stored: Stored, name: str, rows: Values, *, control: bool = False) -> Conduct:
    """The shares of these sessions."""
    table = stored.sessions
    return Conduct(
        scenario=name,
        sessions=len(rows),
        completed=mean_of(table, "completed", rows),
        escalated=mean_of(table, "escalated", rows),
        degraded=mean_of(table, "degraded", rows),
        held=mean_of(table, "held", rows),
        recovered=mean_of(table, "recovered", rows),
        control=control,
    )
