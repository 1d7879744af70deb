"""Compares stored runs: which sessions did something else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from evalkit.api.loading import load_run
from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.journal.changes import Comparison, SessionChanges
from evalkit.journal.comparing import journal_changes
from evalkit.journal.views import JournalView
from evalkit.store import Run, RunRecord, ScenarioRecord, Status
from evalkit.suite.problems import closest


def compare(
    first: Run | str | os.PathLike[str],
    second: Run | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = "reports",
    scenario: str | None = None,
    session: str | None = None,
) -> Comparison:
    """What two runs of one suite did differently, session by session.

    A run is given as `load_run` takes it, or as a `Run`. `scenario` and `session` narrow it down.
    Raises `UsageError` where there is no such run, a part of one is missing or damaged, or the runs
    are of different suites.
    """
    one, other = (
        each if isinstance(each, Run) else load_run(each, out=out) for each in (first, second)
    )
    _check(one, other, scenario)
    names = [each.name for each in (*one.record.scenarios, *other.record.scenarios)]
    parts = [
        _compared(one, other, name, session)
        for name in dict.fromkeys(names)
        if scenario in (None, name)
    ]
    if session is not None:
        _check_session(one, other, session, parts)
    return Comparison(
        compared=sum(each.compared for each in parts),
        changed=tuple(changed for each in parts for changed in each.changed),
        only_first=tuple(alone for each in parts for alone in each.only_first),
        only_second=tuple(alone for each in parts for alone in each.only_second),
        notes=tuple(_notes(one.record, other.record)),
    )


def _check(first: Run, second: Run, scenario: str | None) -> None:
    suites = (first.record.suite, second.record.suite)
    if suites[0] != suites[1]:
        raise UsageError(
            f"{first.id} is a run of the suite {suites[0]}, {second.id} of {suites[1]}: "
            "their sessions have nothing in common",
            hint="compare two runs of one suite",
        )
    known = [each.name for run in (first, second) for each in run.record.scenarios]
    if scenario is not None and scenario not in known:
        meant = closest(scenario, known)
        there = f"there are: {', '.join(dict.fromkeys(known))}"
        hint = there if meant is None else f"did you mean {meant}? {there}"
        raise UsageError(f"neither run has a scenario {scenario!r}", hint=hint)


def _check_session(first: Run, second: Run, session: str, parts: Iterable[Comparison]) -> None:
    if any(each.compared or each.only_first or each.only_second for each in parts):
        return
    rows = [*first.session_rows(), *second.session_rows()]
    meant = closest(session, {str(row["session"]) for row in rows})
    hint = None if meant is None else f"did you mean {meant}?"
    raise UsageError(f"neither run has a session {session!r} there", hint=hint)


def _notes(first: RunRecord, second: RunRecord) -> Iterator[str]:
    """What makes two runs differ by itself."""
    if first.seed != second.seed:
        yield f"the seeds differ: {first.seed} and {second.seed}; what is drawn differs with them"
    for name in sorted(first.versions.keys() | second.versions.keys()):
        one, other = (each.versions.get(name, "none") for each in (first, second))
        if one != other:
            yield f"{name} differs: {one} and {other}"
    for each in (first, second):
        if each.status is not Status.COMPLETE:
            yield f"{each.run} is {each.status.value}: what it did not get to is missing"


def _compared(first: Run, second: Run, name: str, session: str | None) -> Comparison:
    """One scenario of both."""
    ours, theirs = (
        [str(row["session"]) for row in run.session_rows(name) if session in (None, row["session"])]
        if _scenario(run, name)
        else []
        for run in (first, second)
    )
    both = [each for each in ours if each in set(theirs)]
    changed: tuple[SessionChanges, ...] = ()
    if both and _same_digest(first, second, name):
        for run in (first, second):  # what is not read is there all the same
            run.check(name)
    elif both:
        changed = tuple(_changed(first, second, name, session))
    return Comparison(
        compared=len(both),
        changed=changed,
        only_first=tuple((name, each) for each in ours if each not in set(theirs)),
        only_second=tuple((name, each) for each in theirs if each not in set(ours)),
    )


def _scenario(run: Run, name: str) -> ScenarioRecord | None:
    return next((each for each in run.record.scenarios if each.name == name), None)


def _same_digest(first: Run, second: Run, name: str) -> bool:
    """Whether both did the same to the byte, so that there is nothing to read."""
    one, other = (_scenario(run, name) for run in (first, second))
    return one is not None and other is not None and one.digest == other.digest is not None


def _changed(first: Run, second: Run, name: str, session: str | None) -> Iterator[SessionChanges]:
    found = journal_changes(_view(first, name), _view(second, name))
    for each, changes in found.items():
        if session in (None, each):
            yield SessionChanges(scenario=name, session=each, changes=changes)


def _view(run: Run, name: str) -> JournalView:
    """A scenario of a run, cell by cell: calls of no session are numbered within their cell."""
    record = _scenario(run, name)
    cells = (CellKey(name, index) for index in range(0 if record is None else record.cells))
    views = [JournalView.of(run.cell_records(each)) for each in cells]
    return JournalView(
        sessions=tuple(session for each in views for session in each.sessions),
        unattributed=tuple(call for each in views for call in each.unattributed),
        findings=(),
    )
