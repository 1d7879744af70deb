"""Runs suites: plans them all, runs one after the other, judges each from what it stored."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.api.driving import Listener, Outcome, drive
from evalkit.api.judging import INTERRUPTED_EXIT, judged
from evalkit.api.paths import Paths
from evalkit.api.planning import plan_all
from evalkit.api.twice import difference
from evalkit.api.versions import versions
from evalkit.engine.cells import SuitePlan
from evalkit.gate import worst_exit
from evalkit.metrics import price_table
from evalkit.store import (
    CellWriter,
    Run,
    RunJudged,
    RunOpened,
    RunRecord,
    ScenarioRecord,
    Status,
    command_of,
    new_folder,
    write_record,
)

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


def run(
    paths: Paths,
    *,
    scenario: str | None = None,
    session: str | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: str | os.PathLike[str] = "reports",
    twice: bool = False,
    listener: Listener | None = None,
) -> tuple[Run, ...]:
    """Run the suites at these paths and judge them; folders are searched for `*.eval.yaml`.

    `scenario` is a glob over the names of scenarios, `session` the id of the only session to run,
    `seed` takes the place of the suites' own, `workers` is how many processes run at a time. Each
    suite's run is kept in a folder of its own in `out`. `twice` runs everything a second time and
    fails where that was different. `listener` is told what happens.

    Raises `SuiteError` with every mistake in the suites before anything runs, and `UsageError`
    where nothing fits what was asked for. An interrupt ends the run: what was measured is kept.
    """
    choice = _Choice(
        scenario=scenario, session=session, workers=workers, out=Path(out), twice=twice
    )
    runs: list[Run] = []
    for plan in plan_all(paths, scenario=scenario, session=session, seed=seed):
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


def _run(plan: SuitePlan, choice: _Choice, listener: Listener) -> Run:
    now = datetime.now(UTC)
    folder = new_folder(choice.out, plan.suite.suite, now)
    run = Run(folder, _opened(plan, folder.name, choice, now))
    write_record(folder, run.record)
    listener(RunOpened(run))
    key = secrets.token_bytes(16)
    sink = CellWriter.of(plan, folder, key)
    outcome = drive(plan, sink, workers=choice.workers, listener=listener)
    differs = None
    if choice.twice and outcome.digests and not outcome.interrupted:
        differs = _again(plan, run, outcome, choice, listener, key)
    record = judged(run, plan, outcome, differs=differs)
    record = replace(record, finished=_iso(datetime.now(UTC)))
    write_record(folder, record)
    run = Run(folder, record)
    listener(RunJudged(run))
    return run


def _again(
    plan: SuitePlan, run: Run, first: Outcome, choice: _Choice, listener: Listener, key: bytes
) -> str | None:
    """Run the same once more; what differs, if anything does. Its tables are kept if so."""
    again = Run(run.folder / AGAIN, run.record)
    again.folder.mkdir()
    listener(RunOpened(again, again=True))
    sink = CellWriter.of(plan, again.folder, key)
    second = drive(plan, sink, workers=choice.workers, listener=listener)
    first.interrupted = second.interrupted
    differs = None if second.interrupted else difference(run, again, first, second)
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
        command=again,
        started=_iso(now),
        versions=versions(),
        prices=price_table(),
        scenarios=tuple(
            ScenarioRecord(
                name=each.name,
                sessions=each.sessions,
                cells=len(each.cells),
                faulty=each.faulty,
                blocking=each.scenario.blocking,
                allowed=each.scenario.expect.findings.allow,
                description=each.scenario.description,
            )
            for each in plan.scenarios
        ),
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
