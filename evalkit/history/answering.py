"""Answers a reading from the stored runs: a line for each run, scope and value told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from evalkit.gate.model import unit_of_figure
from evalkit.history.figures import Value, values_of
from evalkit.history.names import Names
from evalkit.history.reading import Reading
from evalkit.history.runs import StoredRun, chosen
from evalkit.metrics import METRICS, Unit
from evalkit.store import RunRecord

_SAID = {"without": "without faults", "with": "with faults", "all": "all scenarios"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure of an answer: of which run, in which scope, of which aggregate, and its query.

    `extreme` says that it is the one that was asked for: the highest, or the lowest.
    """

    run: str
    suite: str
    branch: str | None
    commit: str | None
    started: str
    clock: str
    scope: str
    aggregate: str
    unit: Unit
    value: Value
    sql: str
    extreme: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reading comes to. `why` says why there is no line; `notes` what should be known."""

    reading: Reading
    lines: tuple[Line, ...] = ()
    why: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def known(self) -> bool:
        """Whether there is any figure."""
        return any(each.value.observed is not None for each in self.lines)


def answer(reading: Reading, runs: Sequence[StoredRun], names: Names) -> Answer:
    """The answer to a reading from these runs: never of several runs as one."""
    suites = _suites(reading, names)
    if suites is not None and not suites:
        return Answer(reading=reading, why="no suite has all that the question names")
    picked = [
        each
        for each in chosen(runs, reading.choice)
        if suites is None or each.record.suite in suites
    ]
    if not picked:
        return Answer(reading=reading, why="no complete run is of this suite, branch and time")
    lines: list[Line] = []
    notes = [
        f"{each}: this suite does not have all that the question names"
        for each in reading.choice.suites
        if suites is not None and each not in suites
    ]
    for each in picked:
        if wrong := each.check():
            notes.append(f"{each.record.run} is left out: {wrong}")
            continue
        if not each.whole:
            notes.append(f"{each.record.run} is of a part of its suite only")
        if any(scenario.problems for scenario in each.record.scenarios):
            notes.append(f"{each.record.run} lacks sessions: not every cell was run to its end")
        lines += _of_run(each, reading)
    if any(each.clock != picked[0].record.clock for each in lines):
        notes.append("some runs are simulated and some live: their times are of different kinds")
    why = None if lines else "none of these runs can be read"
    return Answer(reading=reading, lines=tuple(lines), why=why, notes=tuple(notes))


def _suites(reading: Reading, names: Names) -> frozenset[str] | None:
    """The suites that have all that is named, and some of what is compared; None where nothing is
    named.
    """
    found = [names.suites(each.label, each.value) for each in reading.where if each.op == "="]
    if reading.by is not None and reading.among:
        compared = (names.suites(reading.by, each) for each in reading.among)
        found.append(frozenset().union(*compared))
    return frozenset.intersection(*found) if found else None


def _of_run(run: StoredRun, reading: Reading) -> Iterator[Line]:
    for scope, scenarios in scopes_of(run.record, reading.scope):
        for aggregate in reading.aggregates:
            values = values_of(run, aggregate, reading.query, scenarios, reading.among)
            lines = [_line(run, reading, scope, scenarios, aggregate, each) for each in values]
            yield from _with_extreme(lines, reading)


def scopes_of(record: RunRecord, scope: str) -> list[tuple[str, frozenset[str]]]:
    """The scenarios of a scope, by what it is called: two of them where they are told apart."""
    own = [each for each in record.scenarios if not each.added]
    parts = {
        "without": frozenset(each.name for each in own if not each.faulty),
        "with": frozenset(each.name for each in own if each.faulty),
        "all": frozenset(each.name for each in own),
    }
    if scope == "apart":
        both = [(_SAID[each], parts[each]) for each in ("without", "with") if parts[each]]
        return both or [(_SAID["all"], parts["all"])]
    return [(_SAID[scope], parts[scope])]


def _line(
    run: StoredRun,
    reading: Reading,
    scope: str,
    scenarios: frozenset[str],
    aggregate: str,
    value: Value,
) -> Line:
    record = run.record
    return Line(
        run=record.run,
        suite=record.suite,
        branch=record.branch,
        commit=record.commit,
        started=record.started,
        clock=record.clock,
        scope=scope,
        aggregate=aggregate,
        unit=unit_of_figure(aggregate, METRICS[reading.metric]),
        value=value,
        sql=reading.query.sql(run.folder, scenarios),
    )


def _with_extreme(lines: list[Line], reading: Reading) -> list[Line]:
    """The lines in order, those with the extreme marked: all of them, where several have it.

    Where one figure is not known, none can be said to be the highest.
    """
    known = [each.value.observed for each in lines if each.value.observed is not None]
    if reading.extreme is None or not known:
        return lines
    high = reading.extreme == "highest"
    wanted = max(known) if high else min(known)
    sure = len(known) == len(lines)
    ordered = sorted(lines, key=lambda each: _rank(each.value.observed, high=high))
    return [replace(each, extreme=sure and each.value.observed == wanted) for each in ordered]


def _rank(figure: float | None, *, high: bool) -> tuple[bool, float]:
    return figure is None, (-figure if high else figure) if figure is not None else 0.0
