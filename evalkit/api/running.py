"""Runs suites: plans them all, runs one after the other, judges each from what it stored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from evalkit.api.baselines import Given, baseline_at, held_against, refuse_other_suites
from evalkit.api.cluster import Cluster
from evalkit.api.driving import Listener, Outcome, drive
from evalkit.api.fingerprints import dependencies, files_of
from evalkit.api.judging import INTERRUPTED_EXIT, judged
from evalkit.api.paths import Paths
from evalkit.api.planning import plan_all
from evalkit.api.resuming import kept_cells, key_of, plan_again, refuse_changes
from evalkit.api.stopping import Stopping, cut_short
from evalkit.api.twice import difference
from evalkit.api.versions import versions
from evalkit.engine.ahead import end_ahead
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellKey, Event
from evalkit.engine.run import cells_of, get_ready
from evalkit.errors import UsageError
from evalkit.gate import worst_exit
from evalkit.gate.baseline import Baseline, Tolerance
from evalkit.store import (
    REAL,
    SIMULATED,
    CellWriter,
    KeptCell,
    QuarantineRecord,
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
from evalkit.suite.model import FaultRule, Scenario

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
    live: bool | None = None
    early: bool = False
    cluster: Cluster | None = None
    baseline: Baseline | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)


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
    live: bool | None = None,
    stop_early: bool = False,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    baseline: Given | None = None,
    tolerance: Tolerance | None = None,
    listener: Listener | None = None,
) -> tuple[Run, ...]:
    """Run the suites at these paths and judge them; folders are searched for `*.eval.yaml`.

    `scenario` is a glob over the names of scenarios, `session` the id of the only session to run,
    `seed` takes the place of the suites' own, `workers` is how many processes run at a time. Each
    suite's run is kept in a folder of its own in `out`. `twice` runs everything a second time and
    fails where that was different. `controls` has every faulty scenario compared with the same
    sessions without faults, which are run as well where no scenario of the suite is of them.
    `listener` is told what happens.

    `live` runs them live, or simulated where it is False: real sockets, a real clock, the agent a
    process of its own. Without it each suite says how.

    `stop_early` ends a scenario as soon as one of its gates is lost for certain; it fails then.

    `dask` is the address of the scheduler of a Dask cluster, on which simulated cells are run.

    `baseline` is the file of a baseline of the one suite that is run, or an earlier run of it: the
    run fails where it got worse by more than the `tolerance`.

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
        live=live,
        early=stop_early,
        baseline=None if baseline is None else baseline_at(baseline, out=out),
        tolerance=tolerance or Tolerance(),
    )
    if dask is not None:
        with closing(_cluster(dask, choice)) as cluster:
            return _runs(paths, replace(choice, cluster=cluster), resume, seed, listener)
    return _runs(paths, choice, resume, seed, listener)


def _cluster(address: str, choice: _Choice) -> Cluster:
    if choice.early:
        raise UsageError("what a cluster runs is not stopped early: leave out one of the two")
    return Cluster(address)


def _runs(
    paths: Paths,
    choice: _Choice,
    resume: str | os.PathLike[str] | None,
    seed: int | None,
    listener: Listener | None,
) -> tuple[Run, ...]:
    if resume is not None:
        return (_resumed(os.fspath(resume), paths, choice, seed, listener or _nobody),)
    runs: list[Run] = []
    twice, stop_early = choice.twice, choice.early
    plans = plan_all(
        paths,
        scenario=choice.scenario,
        session=choice.session,
        seed=seed,
        controls=choice.controls,
        live=choice.live,
    )
    if twice and stop_early:
        raise UsageError(
            "what is stopped early is not run whole: it cannot be run twice to compare"
        )
    if twice and any(each.live for each in plans):
        raise UsageError("a live run is another one each time: it cannot be compared with itself")
    if choice.cluster is not None and any(each.live for each in plans):
        raise UsageError("a live run is of one machine: a cluster runs what is simulated")
    if choice.baseline is not None:
        refuse_other_suites(choice.baseline, [each.suite.suite for each in plans])
    try:
        for plan, following in zip(plans, (*plans[1:], None), strict=True):
            then = None if following is None or choice.cluster else partial(get_ready, following)
            early = replace(plan, early=stop_early)
            runs.append(_run(early, choice, listener or _nobody, then))
            if runs[-1].record.status is Status.INTERRUPTED:
                break
    finally:
        end_ahead()
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
    choice: _Choice
    listener: Listener
    kept: Mapping[CellKey, KeptCell] = field(default_factory=dict)

    def drive(self, folder: Path) -> Outcome:
        """Run the cells that are missing, into a folder."""
        stopping = Stopping(self.plan, self.run.ended)

        def listener(event: Event | RunOpened | RunJudged) -> None:
            stopping.take(event)
            self.listener(event)

        outcome = drive(
            self.plan,
            CellWriter.of(self.plan, folder, self.key),
            workers=self.choice.workers,
            listener=listener,
            kept=self.kept,
            keep=(self.lock,),
            skip=stopping.out_of if self.plan.early else None,
            cluster=self.choice.cluster,
        )
        outcome.stop(stopping.stopped)
        return outcome


def _run(
    plan: SuitePlan,
    choice: _Choice,
    listener: Listener,
    then: Callable[[], object] | None = None,
) -> Run:
    """Run a plan and judge it. `then` is called once its cells are over."""
    now = datetime.now(UTC)
    folder = new_folder(choice.out, plan.suite.suite, now)
    with held(folder) as lock:
        run = Run(folder, _opened(plan, folder.name, choice, now))
        key = new_key(folder)
        write_record(folder, run.record)
        listener(RunOpened(run))
        work = _Work(plan=plan, run=run, key=key, lock=lock, choice=choice, listener=listener)
        return _done(work, then)


def _resumed(name: str, paths: Paths, choice: _Choice, seed: int | None, listener: Listener) -> Run:
    if choice.twice:
        raise UsageError("a run that is resumed cannot be compared with a second one")
    folder = find_run(name, choice.out)
    with held(folder) as lock:
        run = Run(folder)
        if choice.early and not run.record.early:
            raise UsageError(
                f"{run.id} was begun without --stop-early, and is gone on with as it was"
            )
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
            choice=choice,
            listener=listener,
            kept=kept,
        )
        return _done(work)


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


def _done(work: _Work, then: Callable[[], object] | None = None) -> Run:
    """Do the work, and judge what came of it."""
    folder = work.run.folder
    outcome = work.drive(folder)
    differs = None
    if work.choice.twice and outcome.digests and not outcome.interrupted:
        differs = _again(work, outcome)
    if then is not None and not outcome.interrupted:
        then()
    run, plan = cut_short(work.run, work.plan, outcome.stopped)
    record = judged(run, plan, outcome, differs=differs)
    record = replace(record, finished=_iso(datetime.now(UTC)))
    if work.choice.baseline is not None and record.status is Status.COMPLETE:
        before, tolerance = work.choice.baseline, work.choice.tolerance
        record = held_against(before, Run(folder, record), tolerance)
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
    return opened(plan, run_id, now, scenario=choice.scenario, session=choice.session)


def opened(
    plan: SuitePlan,
    run_id: str,
    now: datetime,
    *,
    scenario: str | None = None,
    session: str | None = None,
) -> RunRecord:
    """The record of a run that begins: of a glob over the scenarios, or a session, if given."""
    path = str(plan.path)
    live = plan.live is not None
    again = command_of(
        path, seed=plan.seed, scenario=scenario, session=session, live=live, early=plan.early
    )
    return RunRecord(
        run=run_id,
        suite=plan.suite.suite,
        path=path,
        seed=plan.seed,
        session=session,
        chosen=scenario,
        command=again,
        started=_iso(now),
        versions=versions(),
        files=files_of(plan),
        dependencies=dependencies(),
        prices=str(plan.prices),
        warnings=tuple(f"{each.place}: {each.message}" for each in plan.warnings),
        controls=plan.controls,
        early=plan.early,
        clock=SIMULATED if plan.live is None else REAL,
        egress="python-only" if plan.live is None else plan.live.egress,
        budgets={
            name: use.budget for name, use in plan.suite.services.items() if use.budget is not None
        },
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
                tags=each.scenario.tags,
                quarantine=_quarantine(each.scenario, now),
            )
            for each in plan.scenarios
        ),
    )


def _quarantine(scenario: Scenario, now: datetime) -> QuarantineRecord | None:
    if (given := scenario.quarantine) is None:
        return None
    holds = given.holds(now.astimezone(UTC).date())
    return QuarantineRecord(owner=given.owner, reason=given.reason, until=given.until, holds=holds)


def _written(rule: FaultRule) -> dict[str, Any]:
    """A rule as a suite would write it."""
    return rule.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
