"""Runs suites: plans them all, runs one after the other, judges each from what it stored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalkit.api.driving import Listener, Outcome, cells_of, drive
from evalkit.api.fingerprints import dependencies, files_of
from evalkit.api.judging import INTERRUPTED_EXIT, judged
from evalkit.api.paths import Paths
from evalkit.api.planning import plan_all
from evalkit.api.resuming import kept_cells, key_of, plan_again, refuse_changes
from evalkit.api.twice import difference
from evalkit.api.versions import versions
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.gate import worst_exit
from evalkit.store import (
    CellWriter,
    KeptCell,
    Run,
    RunJudged,
    RunOpened,
    RunRecord,
    ScenarioRecord,
    Status,
    command_of,
    find_run,
    forget_key,
    held,
    new_folder,
    new_key,
    sweep,
    write_record,
)
from evalkit.suite.model import FaultRule

AGAIN = "again"
"""Where in a run's folder the second of two runs is kept, if it was different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What was asked for."""

    scenario: str | None
    session: str | None
    workers: int | None
    out: Path
    twice: bool
    controls: bool = True


def run(
    paths: Paths = (),
    *,
    scenario: str | None = None,
    session: str | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: str | os.PathLike[str] = "reports",
    twice: bool = False,
    controls: bool = True,
    resume: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
) -> tuple[Run, ...]:
    """Run the suites at these paths and judge them; folders are searched for `*.eval.yaml`.

    `scenario` is a glob over the names of scenarios, `session` the id of the only session to run,
    `seed` takes the place of the suites' own, `workers` is how many processes run at a time. Each
    suite's run is kept in a folder of its own in `out`. `twice` runs everything a second time and
    fails where that was different. `controls` has every faulty scenario compared with the same
    sessions without faults, which are run as well where no scenario of the suite is of them.
    `listener` is told what happens.

    `resume` is a run (its folder, its id, or `latest`) that was killed or interrupted: its cells
    that are not complete are run, into its folder, and `paths` may be left out.

    Raises `SuiteError` with every mistake in the suites before anything runs, and `UsageError`
    where nothing fits what was asked for, or what a run was made of has changed. An interrupt ends
    the run: what was measured is kept.
    """
    choice = _Choice(
        scenario=scenario,
        session=session,
        workers=workers,
        out=Path(out),
        twice=twice,
        controls=controls,
    )
    if resume is not None:
        return (_resumed(os.fspath(resume), paths, choice, seed, listener or _nobody),)
    runs: list[Run] = []
    plans = plan_all(paths, scenario=scenario, session=session, seed=seed, controls=controls)
    for plan in plans:
        runs.append(_run(plan, choice, listener or _nobody))
        if runs[-1].record.status is Status.INTERRUPTED:
            break
    return tuple(runs)


def exit_code_of(runs: Sequence[Run]) -> int:
    """The exit code of the command line for these runs."""
    codes = [each.exit_code for each in runs if each.exit_code is not None]
    return INTERRUPTED_EXIT if INTERRUPTED_EXIT in codes else worst_exit(codes)


def _nobody(event: object) -> None:
    del event


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A run that is to be done: into which folder, and with what of it done before."""

    plan: SuitePlan
    run: Run
    key: bytes
    lock: int
    workers: int | None
    listener: Listener
    kept: Mapping[CellKey, KeptCell] = field(default_factory=dict)

    def drive(self, folder: Path) -> Outcome:
        """Run the cells that are missing, into a folder."""
        return drive(
            self.plan,
            CellWriter.of(self.plan, folder, self.key),
            workers=self.workers,
            listener=self.listener,
            kept=self.kept,
            keep=(self.lock,),
        )


def _run(plan: SuitePlan, choice: _Choice, listener: Listener) -> Run:
    now = datetime.now(UTC)
    folder = new_folder(choice.out, plan.suite.suite, now)
    with held(folder) as lock:
        run = Run(folder, _opened(plan, folder.name, choice, now))
        key = new_key(folder)
        write_record(folder, run.record)
        listener(RunOpened(run))
        work = _Work(
            plan=plan, run=run, key=key, lock=lock, workers=choice.workers, listener=listener
        )
        return _done(work, twice=choice.twice)


def _resumed(name: str, paths: Paths, choice: _Choice, seed: int | None, listener: Listener) -> Run:
    if choice.twice:
        raise UsageError("a run that is resumed cannot be compared with a second one")
    folder = find_run(name, choice.out)
    with held(folder) as lock:
        run = Run(folder)
        plan = plan_again(run, paths, scenario=choice.scenario, session=choice.session, seed=seed)
        refuse_changes(run, plan)
        cells = cells_of(plan)
        kept = kept_cells(run, cells)
        key = key_of(run, kept=len(kept), planned=len(cells))
        run = _reopened(run, plan, choice)
        for cell in cells:
            if cell not in kept:
                run.discard(cell)
        listener(RunOpened(run, kept=len(kept)))
        work = _Work(
            plan=plan,
            run=run,
            key=key,
            lock=lock,
            workers=choice.workers,
            listener=listener,
            kept=kept,
        )
        return _done(work, twice=False)


def _reopened(run: Run, plan: SuitePlan, choice: _Choice) -> Run:
    """The run without what it had not brought to its end."""
    sweep(run.folder)
    shutil.rmtree(run.folder / AGAIN, ignore_errors=True)
    before, now = run.record, datetime.now(UTC)
    choice = replace(choice, scenario=before.chosen, session=before.session)
    record = replace(
        _opened(plan, before.run, choice, now),
        started=before.started,
        resumed=(*before.resumed, _iso(now)),
    )
    write_record(run.folder, record)
    return Run(run.folder, record)


def _done(work: _Work, *, twice: bool) -> Run:
    """Do the work, and judge what came of it."""
    folder = work.run.folder
    outcome = work.drive(folder)
    differs = None
    if twice and outcome.digests and not outcome.interrupted:
        differs = _again(work, outcome)
    record = judged(work.run, work.plan, outcome, differs=differs)
    record = replace(record, finished=_iso(datetime.now(UTC)))
    write_record(folder, record)
    if record.digest is not None:
        forget_key(folder)
    run = Run(folder, record)
    work.listener(RunJudged(run))
    return run


def _again(work: _Work, first: Outcome) -> str | None:
    """Run the same once more; what differs, if anything does. Its tables are kept if so."""
    again = Run(work.run.folder / AGAIN, work.run.record)
    again.folder.mkdir()
    work.listener(RunOpened(again, again=True))
    second = work.drive(again.folder)
    first.interrupted = second.interrupted
    differs = None if second.interrupted else difference(work.run, again, first, second)
    if differs is None:
        shutil.rmtree(again.folder)
    return differs


def _opened(plan: SuitePlan, run_id: str, choice: _Choice, now: datetime) -> RunRecord:
    path = str(plan.path)
    again = command_of(path, seed=plan.seed, scenario=choice.scenario, session=choice.session)
    return RunRecord(
        run=run_id,
        suite=plan.suite.suite,
        path=path,
        seed=plan.seed,
        session=choice.session,
        chosen=choice.scenario,
        command=again,
        started=_iso(now),
        versions=versions(),
        files=files_of(plan),
        dependencies=dependencies(),
        prices=str(plan.prices),
        warnings=tuple(f"{each.place}: {each.message}" for each in plan.warnings),
        controls=plan.controls,
        scenarios=tuple(
            ScenarioRecord(
                name=each.name,
                sessions=each.sessions,
                cells=len(each.cells),
                faulty=each.faulty,
                blocking=each.scenario.blocking,
                allowed=each.scenario.expect.findings.allow,
                description=each.scenario.description,
                rules=tuple(map(_written, each.scenario.faults)),
                expected=each.scenario.expect.end or (),
                control=each.control,
                added=each.added,
            )
            for each in plan.scenarios
        ),
    )


def _written(rule: FaultRule) -> dict[str, Any]:
    """A rule as a suite would write it."""
    return rule.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
