"""Where to look at a figure that got worse: sessions that did something else, or the worst."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.metrics import Unit
from evalkit.report.html.groups import rows_by
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Before, Moved, Place

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

MOST_PLACES = 3
"""Sessions that are named of a figure."""

_COLUMNS = {Unit.DURATION: "latency_ns", Unit.MONEY: "cost"}


def located(before: Before | None, stored: Stored) -> Before | None:
    """The same with the sessions to look at, of each figure that is worse."""
    if before is None:
        return None
    rows = rows_by(stored.sessions, "scenario") if before.worse else {}
    worse = (_located(each, before, stored, rows.get(each.scenario)) for each in before.worse)
    return replace(before, worse=tuple(worse))


def _located(moved: Moved, before: Before, stored: Stored, rows: Values | None) -> Moved:
    changed = [
        place for each in before.changes if each.scenario == moved.scenario for place in each.places
    ]
    places = changed or ([] if rows is None else _worst(moved.unit, stored, rows))
    return replace(moved, places=tuple(places[:MOST_PLACES]), changed=bool(changed))


def _worst(unit: Unit, stored: Stored, rows: Values) -> list[Place]:
    """The slowest or dearest of these sessions; none for a figure of another kind."""
    import numpy as np

    if (column := _COLUMNS.get(unit)) is None:
        return []
    numbers = stored.sessions.numbers(column)
    known = rows[numbers.known[rows]]
    order = np.argsort(-numbers.values[known].astype(float), kind="stable")[:MOST_PLACES]
    keys = (stored.keys[row] for row in known[order].tolist())
    return [Place(scenario=scenario, session=session) for scenario, session in keys]
