"""Goes on with a run that was killed or interrupted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime

from evalkit.api.choice import Choice
from evalkit.api.driving import Listener
from evalkit.api.opening import iso, opened
from evalkit.api.paths import Paths
from evalkit.api.resuming import cells_planned, kept_cells, key_of, plan_again, refuse_changes
from evalkit.api.working import AGAIN, Work, done
from evalkit.engine.cells import SuitePlan
from evalkit.engine.run import cells_of
from evalkit.errors import UsageError
from evalkit.store import Run, RunOpened, find_run, held, sweep, write_record


def resumed(name: str, paths: Paths, choice: Choice, listener: Listener) -> Run:
    """Run the cells of a run that are not complete, into its folder, and judge it as a whole.

    Raises `UsageError` where it would not be the same run any more.
    """
    if choice.twice:
        raise UsageError("a run that is resumed cannot be compared with a second one")
    folder = find_run(name, choice.out)
    with held(folder) as lock:
        run = Run(folder)
        if choice.stop_early and not run.record.early:
            raise UsageError(
                f"{run.id} was begun without --stop-early, and is gone on with as it was"
            )
        kept = kept_cells(run, cells_planned(run.record))
        plan = plan_again(run, paths, choice, kept)
        unlike = refuse_changes(run, plan, kept)
        cells = cells_of(plan)
        key = key_of(run, kept=len(kept), planned=len(cells))
        run = _reopened(run, plan, warnings=unlike)
        for cell in cells:
            if cell not in kept:
                run.discard(cell)
        listener(RunOpened(run, kept=len(kept)))
        work = Work(
            plan=plan, run=run, key=key, lock=lock, choice=choice, listener=listener, kept=kept
        )
        return done(work)


def _reopened(run: Run, plan: SuitePlan, *, warnings: tuple[str, ...]) -> Run:
    """The run without what it had not brought to its end."""
    sweep(run.folder)
    shutil.rmtree(run.folder / AGAIN, ignore_errors=True)
    before, now = run.record, datetime.now(UTC)
    record = opened(plan, before.run, now, scenario=before.chosen, session=before.session)
    record = replace(
        record,
        started=before.started,
        resumed=(*before.resumed, iso(now)),
        warnings=(*record.warnings, *warnings),
    )
    write_record(run.folder, record)
    return Run(run.folder, record)
