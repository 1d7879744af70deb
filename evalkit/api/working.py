"""Does what is left of a run, and judges what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.api.baselines import held_against
from evalkit.api.choice import Choice
from evalkit.api.driving import Listener, Outcome, drive
from evalkit.api.judging import judged
from evalkit.api.opening import iso
from evalkit.api.stopping import Stopping, cut_short
from evalkit.api.twice import difference
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellKey, CellStarted, Event
from evalkit.engine.run import cells_of
from evalkit.store import (
    CellWriter,
    KeptCell,
    Run,
    RunJudged,
    RunOpened,
    Status,
    forget_key,
    write_record,
)

AGAIN = "again"
"""Where in a run's folder the second of two runs is kept, if it was different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A run that is to be done: into which folder, and with what of it done before."""

    plan: SuitePlan
    run: Run
    key: bytes
    lock: int
    choice: Choice
    listener: Listener
    kept: Mapping[CellKey, KeptCell] = field(default_factory=dict)

    def drive(self, folder: Path, then: Callable[[], object] | None = None) -> Outcome:
        """Run the cells that are missing, into a folder. `then` is called once the last has begun,
        which leaves cores with nothing to do.
        """
        stopping = Stopping(self.plan, self.run.ended)
        left = set(cells_of(self.plan)) - set(self.kept)

        def listener(event: Event | RunOpened | RunJudged) -> None:
            stopping.take(event)
            self.listener(event)
            if isinstance(event, CellStarted):
                left.discard(event.cell)
                if then is not None and not left:
                    then()

        outcome = drive(
            self.plan,
            CellWriter.of(self.plan, folder, self.key, files=self.run.record.files),
            workers=self.choice.workers,
            listener=listener,
            kept=self.kept,
            keep=(self.lock,),
            skip=stopping.out_of if self.plan.early else None,
            cluster=self.choice.cluster,
        )
        outcome.stop(stopping.stopped)
        return outcome


def done(work: Work, then: Callable[[], object] | None = None) -> Run:
    """Do the work, and judge what came of it. `then` is called once its last cell has begun."""
    folder = work.run.folder
    twice = work.choice.twice
    outcome = work.drive(folder, None if twice else then)
    differs = None
    if twice and outcome.digests and not outcome.interrupted:
        differs = _again(work, outcome, then)
    run, plan = cut_short(work.run, work.plan, outcome.stopped)
    record = judged(run, plan, outcome, differs=differs)
    record = replace(record, finished=iso(datetime.now(UTC)))
    if work.choice.baseline is not None and record.status is Status.COMPLETE:
        before, tolerance = work.choice.baseline, work.choice.tolerance
        record = held_against(before, Run(folder, record), tolerance)
    write_record(folder, record)
    if record.digest is not None:
        forget_key(folder)
    run = Run(folder, record)
    work.listener(RunJudged(run))
    return run


def _again(work: Work, first: Outcome, then: Callable[[], object] | None) -> str | None:
    """Run the same once more; what differs, if anything does. Its tables are kept if so."""
    again = Run(work.run.folder / AGAIN, work.run.record)
    again.folder.mkdir()
    work.listener(RunOpened(again, again=True))
    second = work.drive(again.folder, then)
    first.interrupted = second.interrupted
    differs = None if second.interrupted else difference(work.run, again, first, second)
    if differs is None:
        shutil.rmtree(again.folder)
    return differs
