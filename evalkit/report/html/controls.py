"""Sessions with faults beside the same sessions without: what the faults cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.journal.records import End
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Added

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values


def pairs_of(stored: Stored, rows: Values, controls: Values) -> tuple[Values, Values]:
    """Of these rows of sessions those that have their like among the others, and their likes."""
    import numpy as np

    names = stored.sessions.labels("session")
    place = np.full(len(names.texts), -1, dtype=np.int64)
    place[names.codes[controls]] = controls
    others = place[names.codes[rows]]
    return rows[others >= 0], others[others >= 0]


def added_of(stored: Stored, rows: Values, controls: Values) -> Added | None:
    """What the faults of these sessions added to a session, on average; None where none has its
    like. Sessions that could not be run are left out, and a figure is None where some is unknown.
    """
    ours, theirs = pairs_of(stored, rows, controls)
    ends = stored.sessions.labels("end")
    errored = [code for code, text in enumerate(ends.texts) if text == End.ERRORED]
    ran = ~_among(ends.codes[ours], errored) & ~_among(ends.codes[theirs], errored)
    ours, theirs = ours[ran], theirs[ran]
    if not len(ours):
        return None
    return Added(
        sessions=len(ours),
        amplification=_amplification(stored, ours, theirs),
        latency=_more(stored, "latency_ns", ours, theirs),
        cost=_more(stored, "cost", ours, theirs),
    )


def _among(codes: Values, wanted: list[int]) -> Values:
    import numpy as np

    return np.isin(codes, wanted)


def _amplification(stored: Stored, ours: Values, theirs: Values) -> float | None:
    calls = stored.sessions.numbers("calls")
    without = calls.values[theirs].astype(float)
    if not (without > 0).all():
        return None
    return float((calls.values[ours].astype(float) / without).mean())


def _more(stored: Stored, column: str, ours: Values, theirs: Values) -> float | None:
    numbers = stored.sessions.numbers(column)
    if not (numbers.known[ours].all() and numbers.known[theirs].all()):
        return None
    more = numbers.values[ours].astype(float) - numbers.values[theirs].astype(float)
    return float(more.mean())
