"""What faults cost: sessions beside the same ones without faults, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from evalkit.metrics import Compared, Unit, aggregate, compared, format_figure
from evalkit.metrics.aggregate import Number
from evalkit.report.words import clean, count
from evalkit.store import Run, ScenarioRecord

_ADDED = (("added_latency_ns", Unit.DURATION, "of time"), ("added_cost", Unit.MONEY, "of cost"))


def against(run: Run, scenario: ScenarioRecord, session: str | None = None) -> str | None:
    """The sentence about a scenario's sessions, or about one; None where it has no control."""
    if scenario.control is None:
        return None
    found = [each for each in _compared(run, scenario, session) if each != Compared()]
    control = clean(scenario.control)
    if not found:
        return f"against {control}: nothing can be compared"
    planned = scenario.sessions if session is None else 1
    mean = "" if planned == 1 else ", on average per session"
    some = f" ({len(found):,} of {count(planned, 'session')})" if len(found) < planned else ""
    return f"against {control}{mean}{some}: {', '.join(_differences(found))}"


def _compared(run: Run, scenario: ScenarioRecord, session: str | None) -> Iterator[Compared]:
    controls = {row["session"]: row for row in run.session_rows(scenario.control)}
    for row in run.session_rows(scenario.name):
        if session in (None, row["session"]):
            yield compared(row, controls.get(row["session"]))


def _differences(found: Sequence[Compared]) -> Iterator[str]:
    times = _mean(found, "amplification")
    if times is not None:
        yield f"{format_figure(times, Unit.COUNT)} times the calls"
    for name, unit, what in _ADDED:
        more = _mean(found, name)
        if more is not None:
            yield f"{format_figure(abs(more), unit)} {'less' if more < 0 else 'more'} {what}"


def _mean(found: Sequence[Compared], name: str) -> Number | None:
    """The mean, where the figure of every session is known."""
    values = list(map(attrgetter(name), found))
    return None if None in values else aggregate("mean", values)
