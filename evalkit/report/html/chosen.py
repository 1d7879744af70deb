"""Which sessions a report tells of: those that went wrong up to a cap, and some that went well.

They are taken in turn from groups that are alike (scenario, end, answer, faults), so that no
scenario and no kind of failure crowds out another. Of a group, sessions come from as few cells as
possible: each cell that is read takes time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.engine.events import CellKey
from evalkit.report.html.groups import flags_of
from evalkit.report.html.reading import Key, Stored

MOST_BAD = 150
"""Sessions told of that broke an expectation, raised a violation, or did not complete."""

MOST_GOOD = 60
"""Others that are told of."""

MOST_CELLS = 40
"""Cells whose journals are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Rows of the sessions told of, and how many there are of each kind. `bad` come first."""

    bad: tuple[int, ...]
    good: tuple[int, ...]
    all_bad: int
    all_good: int


def chosen_sessions(stored: Stored, wanted: Iterable[Key] = ()) -> Chosen:
    """The sessions to tell of; those `wanted`, as examples of problems, before others."""
    good = flags_of(stored.sessions, "good") & flags_of(stored.sessions, "completed")
    rows = range(len(stored.keys))
    cells = _Cells(stored)
    first = [stored.rows[key] for key in dict.fromkeys(wanted) if key in stored.rows]
    wrong = [each for each in rows if not good[each]]
    well = [each for each in rows if good[each]]
    bad = cells.taken([*(e for e in first if not good[e]), *_in_turn(stored, wrong)], MOST_BAD)
    fine = cells.taken([*(e for e in first if good[e]), *_in_turn(stored, well)], MOST_GOOD)
    return Chosen(bad=bad, good=fine, all_bad=len(wrong), all_good=len(well))


class _Cells:
    """The cells that are read, up to so many."""

    def __init__(self, stored: Stored) -> None:
        scenario = stored.sessions.labels("scenario").codes.tolist()
        cell = stored.sessions.numbers("cell").values.tolist()
        self._of = list(zip(scenario, cell, strict=True))
        self._read: set[tuple[int, int]] = set()

    def taken(self, rows: Iterable[int], most: int) -> tuple[int, ...]:
        """The first of these rows that can be had without reading more cells than allowed."""
        found: dict[int, None] = {}
        for row in rows:
            if len(found) == most:
                break
            if self._of[row] in self._read or len(self._read) < MOST_CELLS:
                self._read.add(self._of[row])
                found[row] = None
        return tuple(found)


def _in_turn(stored: Stored, rows: Sequence[int]) -> Iterable[int]:
    """One of each group, then another of each, and so on."""
    codes = [
        stored.sessions.labels(each).codes.tolist()
        for each in ("scenario", "end", "answer", "fault")
    ]
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in rows:
        own = groups[tuple(each[row] for each in codes)]
        if len(own) < MOST_BAD:
            own.append(row)
    longest = max(map(len, groups.values()), default=0)
    return (own[at] for at in range(longest) for own in groups.values() if at < len(own))


def by_cell(stored: Stored, rows: Iterable[int]) -> dict[CellKey, dict[str, int]]:
    """The rows by the cell that they are of, and by the name of their session."""
    cells = stored.sessions.numbers("cell").values
    found: dict[CellKey, dict[str, int]] = defaultdict(dict)
    for row in rows:
        scenario, session = stored.keys[row]
        found[CellKey(scenario, int(cells[row]))][session] = row
    return found
