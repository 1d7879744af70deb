"""A load test over time: what was offered, what was achieved, and which faults there were when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from evalkit.live.meter import Fidelity, LoadCounts
from evalkit.metrics import Unit
from evalkit.metrics.aggregate import nearest_rank
from evalkit.metrics.columns import Columns
from evalkit.report.flow import flow
from evalkit.report.html.reading import Stored
from evalkit.report.html.texts import line_of
from evalkit.report.html.view import Load, Strip, Window
from evalkit.store import ScenarioRecord
from evalkit.units import SECOND, parse_duration

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

MOST_STEPS = 80
"""Steps that the time of a test is cut into."""

MOST_WINDOWS = 20
"""Fault rules that are drawn."""


def load_of(stored: Stored) -> Load | None:
    """The test, if the run was under load: it is then of one scenario."""
    for scenario in stored.record.scenarios:
        fidelity = scenario.fidelity
        if fidelity is not None and fidelity.load is not None:
            return _load(stored, scenario, fidelity, fidelity.load)
    return None


def _load(
    stored: Stored, scenario: ScenarioRecord, fidelity: Fidelity, counts: LoadCounts
) -> Load | None:
    due, ended = (_moments(stored.sessions, each) for each in ("intended_ns", "ended_ns"))
    if not len(due):
        return None
    origin, last = int(due.min()), max(int(due.max()), int(ended.max(initial=0)))
    offering = max(int(due.max()) - origin, 1)
    step = step_of(last - origin)
    steps = (last - origin) // step + 1
    return Load(
        scenario=scenario.name,
        offered=len(due) / offering * SECOND,
        achieved=int((ended <= int(due.max())).sum()) / offering * SECOND,
        counts=counts,
        mocks_late=fidelity.late_p99,
        mocks_own=fidelity.own_p99,
        bottleneck=fidelity.bottleneck,
        lasted=last - origin,
        step=step,
        strips=tuple(_strips(stored, due, ended, origin, step, steps)),
        windows=tuple(_windows(scenario, last - origin))[:MOST_WINDOWS],
    )


def step_of(span: int) -> int:
    """The step that time is cut into: a round number of nanoseconds, a second at least."""
    least = max(span / MOST_STEPS, SECOND)
    for size in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800):
        if size * SECOND >= least:
            return size * SECOND
    return math.ceil(least / (3600 * SECOND)) * 3600 * SECOND


def _moments(table: Columns, column: str) -> Values:
    numbers = table.numbers(column)
    return numbers.values[numbers.known].astype("int64")


def _strips(
    stored: Stored, due: Values, ended: Values, origin: int, step: int, steps: int
) -> Iterator[Strip]:
    """The figures over time. The last step may be a part of one, so no rate is told of it."""

    def places(moments: Values) -> Values:
        return ((moments - origin) // step).clip(0, steps - 1)

    for label, moments in (("Sessions due", due), ("Sessions ended", ended)):
        rates = _counts(places(moments), steps) * (SECOND / step)
        yield Strip(label=label, per="/s", unit=Unit.COUNT, values=tuple(rates.tolist()))
    begun, latency = (stored.turns.numbers(each) for each in ("started_ns", "latency_ns"))
    known = begun.known & latency.known
    slow = _p90s(places(begun.values[known].astype("int64")), latency.values[known], steps)
    yield Strip(label="p90 turn, by its beginning", unit=Unit.DURATION, values=tuple(slow))
    calls, errors = stored.calls.numbers("started_ns"), stored.calls.numbers("error")
    where = places(calls.values[calls.known].astype("int64"))
    made = _counts(where, steps)
    failed = _counts(where[errors.values[calls.known].astype(bool)], steps)
    shares = [
        (part / whole if whole else None)
        for part, whole in zip(failed.tolist(), made.tolist(), strict=True)
    ]
    yield Strip(label="Calls that failed", unit=Unit.SHARE, values=tuple(shares))


def _counts(places: Values, steps: int) -> Values:
    import numpy as np

    return np.bincount(places, minlength=steps)


def _p90s(places: Values, values: Values, steps: int) -> Iterator[float | None]:
    import numpy as np

    order = np.lexsort((values, places))
    ordered = values[order]
    bounds = np.searchsorted(places[order], np.arange(steps + 1)).tolist()
    for first, last in pairwise(bounds):
        rank = nearest_rank(last - first, Fraction(90, 100))
        yield float(ordered[first + rank - 1]) if last > first else None


def _windows(scenario: ScenarioRecord, span: int) -> Iterator[Window]:
    """When each fault rule held: all the time, unless it says otherwise."""
    met = {each.rule: each.delivered for each in scenario.faults}
    for number, rule in enumerate(scenario.rules):
        begun, over = _window(rule.get("when"), span)
        yield Window(
            label=line_of(flow(rule), 200),
            first=begun,
            last=min(over, span),
            delivered=met.get(number, 0),
        )


def _window(when: Any, span: int) -> tuple[int, int]:
    given = when.get("window") if isinstance(when, Mapping) else None
    if not isinstance(given, Mapping):
        return 0, span
    begun, over = given.get("from"), given.get("to")
    return (
        0 if begun is None else parse_duration(begun),
        span if over is None else parse_duration(over),
    )
