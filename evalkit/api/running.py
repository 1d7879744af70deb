"""Runs suites: plans them all, runs one after the other, judges each from what it stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Unpack

from evalkit.api.baselines import refuse_other_suites
from evalkit.api.choice import Asked, Choice
from evalkit.api.cluster import Cluster
from evalkit.api.continuing import resumed
from evalkit.api.driving import Listener, nobody
from evalkit.api.judging import INTERRUPTED_EXIT
from evalkit.api.opening import opened
from evalkit.api.paths import Paths
from evalkit.api.planning import plan_all
from evalkit.api.working import Work, done
from evalkit.engine.ahead import end_ahead
from evalkit.engine.cells import SuitePlan
from evalkit.engine.run import get_ready
from evalkit.errors import UsageError
from evalkit.gate import worst_exit
from evalkit.store import Run, RunOpened, Status, held, new_folder, new_key, write_record


def run(
    paths: Paths = (),
    *,
    resume: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
    **asked: Unpack[Asked],
) -> tuple[Run, ...]:
    """Run the suites at these paths and judge them; folders are searched for `*.eval.yaml`.

    What may be asked for is told in `evalkit.api.Asked`: `scenario`, `session`, `seed`, `agent`,
    `workers`, `out`, `twice`, `controls`, `live`, `stop_early`, `dask`, `baseline`, `tolerance`.

    `resume` is a run (its folder, its id, or `latest`) that was killed or interrupted: its cells
    that are not complete are run, into its folder, and `paths` may be left out. `listener` is told
    what happens.

    Raises `SuiteError` with every mistake in the suites before anything runs, and `UsageError`
    where nothing fits what was asked for, or what a run was made of has changed. An interrupt ends
    the run: what was measured is kept.
    """
    choice = Choice.of(**asked)
    if choice.dask is None:
        return _runs(paths, choice, resume, listener or nobody)
    if choice.stop_early:
        raise UsageError("what a cluster runs is not stopped early: leave out one of the two")
    with closing(Cluster(choice.dask)) as cluster:
        return _runs(paths, replace(choice, cluster=cluster), resume, listener or nobody)


def exit_code_of(runs: Sequence[Run]) -> int:
    """The exit code of the command line for these runs."""
    codes = [each.exit_code for each in runs if each.exit_code is not None]
    return INTERRUPTED_EXIT if INTERRUPTED_EXIT in codes else worst_exit(codes)


def _runs(
    paths: Paths,
    choice: Choice,
    resume: str | os.PathLike[str] | None,
    listener: Listener,
) -> tuple[Run, ...]:
    if resume is not None:
        return (resumed(os.fspath(resume), paths, choice, listener),)
    plans = plan_all(
        paths,
        scenario=choice.scenario,
        session=choice.session,
        seed=choice.seed,
        agent=choice.agent,
        controls=choice.controls,
        live=choice.live,
    )
    _refuse_together(choice, plans)
    runs: list[Run] = []
    try:
        for plan, following in zip(plans, (*plans[1:], None), strict=True):
            then = None if following is None or choice.cluster else partial(get_ready, following)
            runs.append(_run(replace(plan, early=choice.stop_early), choice, listener, then))
            if runs[-1].record.status is Status.INTERRUPTED:
                break
    finally:
        end_ahead()
    return tuple(runs)


def _refuse_together(choice: Choice, plans: Sequence[SuitePlan]) -> None:
    """Refuse what cannot be had together. Raises `UsageError`."""
    live = any(each.live for each in plans)
    if choice.twice and choice.stop_early:
        raise UsageError(
            "what is stopped early is not run whole: it cannot be run twice to compare"
        )
    if choice.twice and live:
        raise UsageError("a live run is another one each time: it cannot be compared with itself")
    if choice.cluster is not None and live:
        raise UsageError("a live run is of one machine: a cluster runs what is simulated")
    if choice.baseline is not None:
        refuse_other_suites(choice.baseline, [each.suite.suite for each in plans])


def _run(
    plan: SuitePlan,
    choice: Choice,
    listener: Listener,
    then: Callable[[], object] | None = None,
) -> Run:
    """Run a plan and judge it. `then` is called once its last cell has begun."""
    now = datetime.now(UTC)
    folder = new_folder(choice.out, plan.suite.suite, now)
    with held(folder) as lock:
        record = opened(plan, folder.name, now, scenario=choice.scenario, session=choice.session)
        run = Run(folder, record)
        key = new_key(folder)
        write_record(folder, record)
        listener(RunOpened(run))
        work = Work(plan=plan, run=run, key=key, lock=lock, choice=choice, listener=listener)
        return done(work, then)
