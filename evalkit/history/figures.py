"""One figure of a run, with its interval and its count: as gates have it, by the same code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.gate import Condition, Gate, GateSyntaxError, parse_gate
from evalkit.gate.conditions import narrowed
from evalkit.gate.confidence import interval
from evalkit.gate.model import unit_of_figure
from evalkit.gate.samples import Samples, groups_of, select
from evalkit.history.query import Query, rows
from evalkit.history.runs import StoredRun
from evalkit.metrics import Columns, Unit
from evalkit.metrics.controls import WithControls
from evalkit.metrics.definitions import Metric, row_word
from evalkit.metrics.money import settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure in nanoseconds, shares of 1, US dollars or as a number; None where there is none,
    which `why` explains. `low` and `high` bound it at 95 %, `n` counts the values that it is made
    of, and `sessions` where these come from. `group` is the value of the label it is told apart by.
    """

    observed: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    sessions: int = 0
    group: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class _Frames:
    """The one table that was read, under whatever name it is asked for."""

    calls: Columns
    turns: Columns
    sessions: Columns


def gate_of(aggregate: str, query: Query) -> Gate:
    """The figure as the left side of a gate, whose limit is of no account."""
    return Gate(
        aggregate=aggregate,
        metric=query.metric,
        where=query.where,
        op=">=",
        limit=0,
        unit=unit_of_figure(aggregate, query.metric),
        each=query.each,
    )


def parse_figure(text: str) -> Gate:
    """A figure as gates write it, like `p95(turn.latency where region=eu)`.

    Raises `GateSyntaxError`, as for a gate.
    """
    problems = []
    for limit in ("0", "0s", "0%", "$0"):
        try:
            return parse_gate(f"{text} >= {limit}")
        except GateSyntaxError as error:
            problems.append(error)
    first = min(problems, key=lambda each: each.column)
    if first.column > len(text):
        problem = "this is no figure: write it like p95(turn.latency where region=eu)"
        raise GateSyntaxError(text, len(text) + 1, problem)
    raise GateSyntaxError(
        text, first.column, first.problem, allowed=first.allowed, suggestion=first.suggestion
    )


def values_of(
    run: StoredRun,
    aggregate: str,
    query: Query,
    scenarios: Collection[str],
    expected: Collection[str] = (),
) -> tuple[Value, ...]:
    """The figure in these scenarios of a run: one, or one for each value that the query tells
    apart; also for those `expected`, which may have none.
    """
    if not scenarios:
        return (Value(observed=None, why="the run has no such scenario"),)
    try:
        table: Any = rows(query.sql(run.folder, scenarios))
    except LookupError as error:
        return (Value(observed=None, why=f"its tables cannot be asked this: {error}"),)
    if query.metric.paired:
        table = WithControls(table, _controls(run))
    columns = Columns(table)
    frames = _Frames(columns, columns, columns)
    gate = gate_of(aggregate, query)
    known = {} if query.each is None else {query.each: expected}
    groups = groups_of(gate, frames, scenarios, known) if query.each else (None,)
    found = tuple(_value(gate, frames, scenarios, each) for each in groups)
    return found or (Value(observed=None, why=_no_rows(query.metric)),)


def _controls(run: StoredRun) -> Mapping[str, str | None]:
    return {each.name: each.control for each in run.record.scenarios}


def _value(gate: Gate, frames: _Frames, scenarios: Collection[str], group: str | None) -> Value:
    where = gate.where
    if group is not None and gate.each is not None:
        where = narrowed(where, Condition(gate.each, "=", group, exact=True))
    own = Gate(
        aggregate=gate.aggregate,
        metric=gate.metric,
        where=where,
        op=gate.op,
        limit=gate.limit,
        unit=gate.unit,
    )
    samples = select(own, frames, scenarios)
    n = len(samples.values)
    if samples.unknown or not n:
        return Value(
            observed=None,
            n=n,
            sessions=samples.session_count,
            group=group,
            why=_unknown(own, samples) if samples.unknown else _no_rows(own.metric),
        )
    observed = samples.measured.figure(own.aggregate)
    if observed is None:
        why = f"a {own.aggregate} needs more than what {_many(n, 'value')} can tell"
        return Value(observed=None, n=n, sessions=samples.session_count, group=group, why=why)
    if own.unit is Unit.MONEY:
        observed = settled(observed)
    low, high = interval(own, samples)
    return Value(
        observed=observed, low=low, high=high, n=n, sessions=samples.session_count, group=group
    )


def _no_rows(metric: Metric) -> str:
    return f"no {row_word(metric.table)} here has this figure"


def _unknown(gate: Gate, samples: Samples) -> str:
    rows_ = _many(samples.unknown, row_word(gate.metric.table))
    if samples.unpriced:
        return f"not known of {rows_}: {_many(samples.unpriced, 'model call')} without a price"
    return f"not known of {rows_}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
