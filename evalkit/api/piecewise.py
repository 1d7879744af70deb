"""Runs a suite scenario by scenario into one folder, from one process or several.

A test framework decides what is run, when, and in which process. What has been run of a run stands
in its folder, and whoever comes next finds it there: a control that several scenarios are held
against is run once, and the run as a whole is judged from the folder when all are through.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalkit.api.driving import Listener, Outcome, drive
from evalkit.api.judging import judged
from evalkit.api.opening import iso, opened
from evalkit.api.planning import chosen
from evalkit.api.resuming import kept_cells
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.events import CellKey
from evalkit.engine.lending import Lender
from evalkit.engine.run import cells_of
from evalkit.gate import gated_scenarios
from evalkit.store import (
    CellProblem,
    CellWriter,
    Run,
    RunRecord,
    forget_key,
    kept_key,
    new_key,
    write_record,
)
from evalkit.store.folder import RECORD, new_run_id, part_name

NOT_JUDGED = "the gates of the suite were not judged: that was not asked for"
_LOCKS = ".locks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What came of a part of a run: of some scenarios, in one process."""

    record: RunRecord
    problems: tuple[tuple[CellKey, CellProblem], ...]
    interrupted: bool

    def told(self) -> dict[str, Any]:
        """What `finished` has to know of it, as JSON has it."""
        return {
            "not_started": self.record.not_started,
            "problems": [
                {"scenario": cell.scenario, "index": cell.index, **asdict(problem)}
                for cell, problem in self.problems
            ],
        }


class Piecewise:
    """A run that is done in pieces. `names` are the scenarios that it is to be of in the end, and
    `token` tells it from other runs of the suite that began in the same second.
    """

    def __init__(
        self,
        plan: SuitePlan,
        out: Path,
        *,
        names: Collection[str],
        started: datetime,
        token: str,
        workers: int | None = None,
    ) -> None:
        self.plan = chosen(plan, names)
        self.folder = out / new_run_id(plan.suite.suite, started, token)
        self._workers = workers
        self._lender = Lender()
        (self.folder / _LOCKS).mkdir(parents=True, exist_ok=True)
        with self._locked(RECORD):
            self._key = kept_key(self.folder) or new_key(self.folder)
            if not (self.folder / RECORD).is_file():
                write_record(self.folder, self._record(started))
        files = Run(self.folder).record.files
        self._sink = CellWriter.of(self.plan, self.folder, self._key, files=files)

    def run(self, names: Sequence[str], listener: Listener) -> Piece:
        """Run these scenarios with their controls, unless somebody has, and judge them alone."""
        wanted = self._with_controls(names)
        plan = replace(self.plan, scenarios=wanted)
        cells = cells_of(plan)
        with ExitStack() as stack:
            for each in sorted(wanted, key=lambda each: (each.name in names, each.name)):
                stack.enter_context(self._locked(part_name(CellKey(each.name, 0))))
            run = Run(self.folder, self._of(plan))
            outcome = drive(
                self.plan,
                self._sink,
                workers=self._workers,
                listener=listener,
                kept=kept_cells(run, cells),
                only=frozenset(cells),
                lender=self._lender,
            )
        record = judged(run, plan, outcome, differs=None)
        return Piece(
            record=record, problems=tuple(outcome.problems), interrupted=outcome.interrupted
        )

    def close(self) -> None:
        """End the process that its cells were forked from."""
        self._lender.close()

    def _with_controls(self, names: Collection[str]) -> tuple[ScenarioPlan, ...]:
        controls = {each.control for each in self.plan.scenarios if each.name in names}
        return tuple(
            each for each in self.plan.scenarios if each.name in names or each.name in controls
        )

    def _record(self, started: datetime) -> RunRecord:
        own = [each.name for each in self.plan.scenarios if not each.added]
        only = own[0] if len(own) == 1 and len(self.plan.suite.scenarios) > 1 else None
        return opened(self.plan, self.folder.name, started, scenario=only)

    def _of(self, plan: SuitePlan) -> RunRecord:
        """The record of the run as far as it is about these scenarios."""
        names = {each.name for each in plan.scenarios}
        record = Run(self.folder).record
        kept = tuple(each for each in record.scenarios if each.name in names)
        return replace(record, scenarios=kept)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Nobody else does this for as long."""
        descriptor = os.open(self.folder / _LOCKS / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def gated(plan: SuitePlan) -> tuple[str, ...]:
    """The scenarios that the suite's own gates judge; empty where it has no gates."""
    names = gated_scenarios(plan.suite) if plan.suite.gates else frozenset()
    return tuple(each.name for each in plan.scenarios if each.name in names)


def finished(
    plan: SuitePlan, folder: Path, pieces: Sequence[Mapping[str, Any]], *, gates: bool
) -> Run:
    """The run in a folder, judged as a whole by what there is of it. `pieces` are what was told of
    those that were done; `gates` says whether the suite's own gates are to be judged.
    """
    run = Run(folder)
    plan = chosen(plan, [each.name for each in run.record.scenarios if not each.added])
    left_out = not gates and bool(plan.suite.gates)
    if left_out:
        plan = replace(plan, suite=plan.suite.model_copy(update={"gates": ()}))
    record = judged(run, plan, _outcome(run, plan, pieces), differs=None)
    notes = (*record.notes, NOT_JUDGED) if left_out else record.notes
    record = replace(
        record,
        notes=notes,
        finished=iso(datetime.now(UTC)),
    )
    write_record(folder, record)
    if record.digest is not None:
        forget_key(folder)
    for each in (folder / _LOCKS).glob("*"):
        each.unlink()
    (folder / _LOCKS).rmdir()
    return Run(folder, record)


def _outcome(run: Run, plan: SuitePlan, pieces: Sequence[Mapping[str, Any]]) -> Outcome:
    """How the cells of a run ended, as its folder and its pieces tell."""
    cells = cells_of(plan)
    outcome = Outcome(cells)
    for cell, kept in kept_cells(run, cells).items():
        outcome.digests[cell] = kept.digest
    told = dict.fromkeys(tuple(sorted(each.items())) for it in pieces for each in it["problems"])
    for each in map(dict, told):
        cell = CellKey(each.pop("scenario"), each.pop("index"))
        outcome.problems.append((cell, CellProblem(**each)))
    outcome.not_started = next((it["not_started"] for it in pieces if it["not_started"]), None)
    troubled = {cell for cell, _ in outcome.problems}
    outcome.interrupted = outcome.not_started is None and any(
        each not in outcome.digests and each not in troubled for each in cells
    )
    return outcome
