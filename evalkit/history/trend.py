"""The runs in a folder, with a figure of each: what `evalkit history` shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalkit.gate import Gate
from evalkit.gate.conditions import conditions_of
from evalkit.history.answering import scopes_of
from evalkit.history.figures import Value, parse_figure, values_of
from evalkit.history.query import Query
from evalkit.history.runs import Found, StoredRun
from evalkit.metrics import Unit

DEFAULT = "rate(session.completed)"
"""The figure that is shown where none is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A run, what came of it, and the figure in it. `whole` says that it is of its whole suite."""

    run: str
    suite: str
    branch: str | None
    commit: str | None
    started: str
    status: str
    verdict: str | None
    clock: str
    whole: bool
    digest: str | None
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The runs, the oldest first, with a figure of each, and of which scenarios it is."""

    figure: str
    unit: Unit
    scope: str
    points: tuple[Point, ...]
    skipped: tuple[str, ...] = ()

    def groups(self) -> dict[tuple[str, str | None], list[Point]]:
        """The points by suite and branch: what a trend is of."""
        found: dict[tuple[str, str | None], list[Point]] = {}
        for each in self.points:
            found.setdefault((each.suite, each.branch), []).append(each)
        return found


def history(
    found: Found,
    figure: str = DEFAULT,
    *,
    suites: Collection[str] = (),
    branches: Collection[str] = (),
    last: int | None = None,
) -> History:
    """The runs of these suites and branches, the `last` so many of each, with this figure.

    The figure is that of the scenarios which inject nothing, as that of a suite's gates is; one
    that is of faults, or that names scenarios, is of those. Raises `GateSyntaxError`.
    """
    gate = parse_figure(figure)
    scope = _scope(gate)
    kept = [
        each
        for each in found.runs
        if (not suites or each.record.suite in suites)
        and (not branches or each.record.branch in branches)
    ]
    points = tuple(_point(each, gate, scope) for each in _last(kept, last))
    said = {"all": "all scenarios", "with": "scenarios with faults"}
    return History(
        figure=gate.figure,
        unit=gate.unit,
        scope=said.get(scope, "scenarios without faults"),
        points=points,
        skipped=found.skipped,
    )


def _scope(gate: Gate) -> str:
    if gate.metric.paired or gate.metric.name == "session.recovered":
        return "with"
    named = {each.label for each in conditions_of(gate.where)}
    return "all" if named & {"scenario", "fault"} else "without"


def _last(runs: Sequence[StoredRun], number: int | None) -> list[StoredRun]:
    """The last so many of each suite and branch, in the order in which they began."""
    kept: list[StoredRun] = []
    counts: dict[tuple[str, str | None], int] = {}
    for each in reversed(runs):
        key = (each.record.suite, each.record.branch)
        counts[key] = counts.get(key, 0) + 1
        if number is None or counts[key] <= number:
            kept.append(each)
    return kept[::-1]


def _point(run: StoredRun, gate: Gate, scope: str) -> Point:
    record = run.record
    return Point(
        run=record.run,
        suite=record.suite,
        branch=record.branch,
        commit=record.commit,
        started=record.started,
        status=record.status.value,
        verdict=None if record.verdict is None else record.verdict.value,
        clock=record.clock,
        whole=run.whole,
        digest=record.digest,
        value=_value(run, gate, scope),
    )


def _value(run: StoredRun, gate: Gate, scope: str) -> Value:
    if not run.complete:
        return Value(observed=None, why=f"the run is {run.record.status.value}")
    if wrong := run.check():
        return Value(observed=None, why=wrong)
    ((_, scenarios),) = scopes_of(run.record, scope)
    query = Query(metric=gate.metric, where=gate.where)
    return values_of(run, gate.aggregate, query, scenarios)[0]
