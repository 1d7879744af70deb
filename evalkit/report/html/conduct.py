"""How sessions were orchestrated: completed, handed over, degraded, held."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from evalkit.report.html.groups import mean_of, rows_by
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Conduct, Shares

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values


def conduct_of(stored: Stored) -> tuple[Conduct, ...]:
    """A line per scenario, in the order of the suite; controls last."""
    by_scenario = rows_by(stored.sessions, "scenario")
    return tuple(
        _conduct(stored, each.name, by_scenario[each.name], control=each.added)
        for each in sorted(stored.record.scenarios, key=lambda each: each.added)
        if each.name in by_scenario
    )


def _conduct(stored: Stored, name: str, rows: Values, *, control: bool) -> Conduct:
    """What became of these sessions."""
    return Conduct(
        scenario=name,
        sessions=len(rows),
        recovered=mean_of(stored.sessions, "recovered", rows),
        control=control,
        **shares_of(stored, rows),
    )


def shares_of(stored: Stored, rows: Values) -> dict[str, Any]:
    """The fields of `Shares` over these sessions."""
    return {each.name: mean_of(stored.sessions, each.name, rows) for each in fields(Shares)}
