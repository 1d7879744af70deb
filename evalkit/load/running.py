"""Runs a suite under load and judges it, as any run: by its gates, checks and expectations."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.api.driving import Listener, drive
from evalkit.api.judging import judged
from evalkit.api.opening import opened
from evalkit.api.paths import Paths, suites_in
from evalkit.api.planning import plan_one
from evalkit.engine.cells import PlannedSession, SuitePlan
from evalkit.errors import UsageError
from evalkit.load.choosing import LoadChoice, profiled, under_load
from evalkit.store import (
    CellWriter,
    Run,
    RunJudged,
    RunOpened,
    forget_key,
    held,
    new_folder,
    new_key,
    write_record,
)
from evalkit.suite import load_suite


def load(
    paths: Paths,
    choice: LoadChoice | None = None,
    *,
    profile: str | None = None,
    scenario: str | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] = "reports",
    listener: Listener | None = None,
    words: tuple[str, ...] = (),
) -> Run:
    """Put the one suite at these paths under load, judge it, and keep it in a folder in `out`.

    `profile` names one of the suite's, which says how many users there are and for how long.
    `scenario` names what it is to meet (default: as the profile says, or the first that injects
    nothing); the windows of its faults count from the beginning of the load. `words` are the
    command that did it.

    Raises `SuiteError`, and `UsageError` where the suite cannot be put under load.
    """
    found = list(suites_in(paths))
    if len(found) != 1:
        raise UsageError(f"one suite at a time is put under load, and there are {len(found)}")
    choice = choice or LoadChoice()
    if profile is not None:
        choice, met = profiled(load_suite(found[0]).value, profile, choice)
        scenario = scenario or met
    plan = plan_one(found[0], scenario=scenario, session=None, seed=seed, controls=False, live=True)
    return _run(under_load(plan, choice), Path(out), listener or _nobody, words)


def _nobody(event: object) -> None:
    del event


def _run(plan: SuitePlan, out: Path, listener: Listener, words: tuple[str, ...]) -> Run:
    now = datetime.now(UTC)
    folder = new_folder(out, plan.suite.suite, now)
    with held(folder) as lock:
        record = opened(plan, folder.name, now, scenario=plan.scenarios[0].name)
        if words:
            record = replace(record, command=shlex.join(("evalkit", "load", *words)))
        run = Run(folder, record)
        key = new_key(folder)
        write_record(folder, record)
        listener(RunOpened(run))
        writer = CellWriter.of(plan, folder, key)
        outcome = drive(plan, writer, workers=1, listener=listener, keep=(lock,))
        run, plan = _as_it_came(run, plan)
        record = judged(run, plan, outcome, differs=None)
        finished = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = replace(record, finished=finished)
        write_record(folder, record)
        if record.digest is not None:
            forget_key(folder)
        run = Run(folder, record)
        listener(RunJudged(run))
        return run


def _as_it_came(run: Run, plan: SuitePlan) -> tuple[Run, SuitePlan]:
    """The run and its plan with the sessions that there were, and the parts in which they were
    kept: only the load decides how many.
    """
    scenario = plan.scenarios[0]
    parts = max(1, sum(1 for _ in (run.folder / "sessions").glob("[!.]*")))
    kept = tuple(replace(each, cells=parts) for each in run.record.scenarios)
    run = Run(run.folder, replace(run.record, scenarios=kept))
    known = {each.record.id: each.record for cell in scenario.cells for each in cell}
    ids = [str(each) for each in run.sessions["session"]]
    sessions = tuple(
        PlannedSession(id=each, record=known.get(each) or known[_base(each)], arrival=None)
        for each in ids
    )
    if not sessions:
        return run, plan
    plan = replace(plan, scenarios=(replace(scenario, cells=(sessions,)),))
    records = (replace(each, sessions=len(ids)) for each in run.record.scenarios)
    return Run(run.folder, replace(run.record, scenarios=tuple(records))), plan


def _base(session: str) -> str:
    return session.rpartition("~")[0]
