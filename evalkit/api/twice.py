"""Finds out whether a second run of the same did the same."""

from __future__ import annotations

from evalkit.api.driving import Outcome
from evalkit.engine.events import CellKey
from evalkit.journal.digest import first_difference
from evalkit.store import Run


def difference(first: Run, second: Run, of_first: Outcome, of_second: Outcome) -> str | None:
    """The first event that differs, cell by cell in order; None where all is the same."""
    for cell in of_first.planned:
        if of_first.digests.get(cell) != of_second.digests.get(cell):
            return f"{cell.scenario}, cell {cell.index}: {_how(cell, first, second, of_second)}"
    return None


def _how(cell: CellKey, first: Run, second: Run, of_second: Outcome) -> str:
    if cell not in of_second.digests:
        why = (problem.what for key, problem in of_second.problems if key == cell)
        return f"it could not be run the second time: {next(why, 'no reason is known')}"
    found = first_difference(first.cell_records(cell), second.cell_records(cell))
    if found is None:
        return "the difference lies beyond the part of bodies that is stored"
    return str(found)
