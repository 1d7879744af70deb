"""Finds out whether a second run of the same did the same."""

from __future__ import annotations

from evalkit.api.driving import Outcome
from evalkit.engine.events import CellKey
from evalkit.journal.comparing import journal_changes
from evalkit.journal.digest import first_difference
from evalkit.journal.views import JournalView
from evalkit.store import Run


def difference(first: Run, second: Run, of_first: Outcome, of_second: Outcome) -> str | None:
    """The first event that differs, cell by cell in order; None where all is the same."""
    if of_second.not_started is not None:
        return f"it could not be started the second time: {of_second.not_started}"
    for cell in of_first.planned:
        if of_first.digests.get(cell) != of_second.digests.get(cell):
            return f"{cell.scenario}, cell {cell.index}: {_how(cell, first, second, of_second)}"
    return None


def _how(cell: CellKey, first: Run, second: Run, of_second: Outcome) -> str:
    if cell not in of_second.digests:
        why = (problem.what for key, problem in of_second.problems if key == cell)
        return f"it could not be run the second time: {next(why, 'no reason is known')}"
    records = first.cell_records(cell), second.cell_records(cell)
    found = first_difference(*records)
    if found is None:
        return "the difference lies beyond the part of bodies that is stored"
    return f"{found}; {_behaviour(*map(JournalView.of, records))}"


def _behaviour(first: JournalView, second: JournalView) -> str:
    """What came of it: a difference in times alone is one too."""
    changed = journal_changes(first, second)
    if not changed:
        return "no session behaves differently for it: it is in times, ids or order alone"
    session, changes = next(iter(changed.items()))
    change = changes[0]
    whose = "calls of no session" if session is None else f"session {session}"
    sessions = "1 session behaves" if len(changed) == 1 else f"{len(changed)} sessions behave"
    return (
        f"{sessions} differently, the first in {change.kind.value}: "
        f"{whose}, {change.what}: {change.first} ≠ {change.second}"
    )
