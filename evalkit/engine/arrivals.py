"""Which sessions a scenario replays, when they arrive, and which of them share a world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from evalkit.engine.cells import PlannedSession
from evalkit.keyed import Draw
from evalkit.suite.model import SessionRecord, Sessions
from evalkit.suite.regions import region_of, shares_of
from evalkit.world.clock import NS

Cells: TypeAlias = tuple[tuple[PlannedSession, ...], ...]
"""Sessions in blocks that share a world."""


def plan_sessions(
    records: Sequence[SessionRecord], settings: Sessions, *, together: bool = False
) -> Cells:
    """The cells of a scenario, one where the sessions belong `together`. A repeated session has an
    id, and so draws, of its own.
    """
    repeated = [
        (record.id if round_ == 0 else f"{record.id}~{round_ + 1}", record)
        for round_ in range(settings.repeat)
        for record in records
    ]
    arrivals = _arrivals(settings)
    planned = [
        _placed(PlannedSession(id=name, record=record, arrival=next(arrivals)), settings)
        for name, record in repeated
    ]
    size = max(1, len(planned)) if together else settings.cell
    return tuple(tuple(planned[at : at + size]) for at in range(0, len(planned), size))


def _placed(planned: PlannedSession, settings: Sessions) -> PlannedSession:
    """The session in a region, where the suite has some."""
    record = planned.record
    region = region_of(record.region, planned.id, shares_of(settings.regions), settings.seed)
    if region == record.region:
        return planned
    return replace(planned, record=record.model_copy(update={"region": region}), placed=True)


def only(cells: Cells, session: str) -> Cells:
    """The cells cut down to one session, which keeps its time of arrival."""
    return tuple((each,) for cell in cells for each in cell if each.id == session)


def _arrivals(settings: Sessions) -> Iterator[int | None]:
    """World times of arrival: a Poisson process drawn by seed; None without end where closed."""
    if settings.arrival is None:
        while True:
            yield None
    draw, moment, number = Draw("arrival", settings.seed), 0.0, 0
    while True:
        yield round(moment * NS)
        moment += draw.exponential(1 / settings.arrival, f"gap {number}")
        number += 1
