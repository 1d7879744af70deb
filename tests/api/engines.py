"""Engines that tests put in the place of the real one: what they yield and store is made up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from evalkit.api import driving
from evalkit.checks.run import Crash
from evalkit.engine.cells import CellResult, CellSink, SuitePlan
from evalkit.engine.events import (
    CellDone,
    CellKey,
    CellStarted,
    CheckCrashed,
    Event,
    Interrupted,
    RunPlanned,
)
from evalkit.journal.records import AnyRecord
from tests.metrics.journals import Pen

Story = Callable[[CellKey, str], Sequence[AnyRecord]]
"""The records of a session of a cell."""


def all_well(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    """A session of one turn that completes."""
    del cell
    return Pen(session).start().begin().reply(100).end(100).records


@dataclass
class Engine:
    """Runs no agent: each session has the records that the story tells.

    `instead` holds what happens instead of a cell, or is raised there. `runs` counts the runs,
    `ran` holds the cells that were run, and `order` says in which order. `opened` are the files
    that each has read, if that is known.
    """

    story: Story = all_well
    instead: dict[CellKey, Event | BaseException] = field(default_factory=dict)
    digest: Callable[[CellKey, int], str] = lambda cell, run: f"{cell.scenario} {cell.index}"
    runs: int = 0
    ran: list[CellKey] = field(default_factory=list)
    crashes: dict[CellKey, str] = field(default_factory=dict)
    opened: set[str] | None = None
    order: Callable[[Sequence[CellKey]], Sequence[CellKey]] = lambda cells: cells

    def __call__(
        self,
        plan: SuitePlan,
        *,
        sink: CellSink,
        workers: int | None = None,
        done: Collection[CellKey] = (),
        keep: Sequence[int] = (),
        lender: object = None,
        skip: Callable[[CellKey], bool] | None = None,
    ) -> Iterator[Event]:
        """The events of a run."""
        self.runs += 1
        cells = driving.cells_of(plan)
        names = tuple(each.name for each in plan.scenarios)
        sessions = sum(each.sessions for each in plan.scenarios)
        yield RunPlanned(
            suite=plan.suite.suite, scenarios=names, cells=len(cells), sessions=sessions
        )
        for cell in self.order(cells):
            if cell in done or (skip is not None and skip(cell)):
                continue
            self.ran.append(cell)
            yield from self._cell(plan, cell, sink)

    def _cell(self, plan: SuitePlan, cell: CellKey, sink: CellSink) -> Iterator[Event]:
        ids = tuple(each.id for each in plan.scenario(cell.scenario).cells[cell.index])
        yield CellStarted(cell=cell, sessions=len(ids))
        instead = self.instead.get(cell)
        if isinstance(instead, BaseException):
            raise instead
        if instead is not None:
            sink(self._result(plan, cell, ids, complete=False))
            yield instead
            return
        result = self._result(plan, cell, ids, complete=True)
        sink(result)
        for each in result.crashes:
            yield CheckCrashed(
                cell=cell, check=each.check, session=each.session, detail=each.traceback
            )
        yield CellDone(
            cell=cell,
            digest=self.digest(cell, self.runs),
            sessions=len(ids),
            cpu_ns=1,
            virtual_ns=100_000_000,
        )

    def _result(
        self, plan: SuitePlan, cell: CellKey, ids: tuple[str, ...], *, complete: bool
    ) -> CellResult:
        records = [record for each in ids for record in self.story(cell, each)]
        interrupted = isinstance(self.instead.get(cell), Interrupted)
        return CellResult(
            cell=cell,
            records=tuple(records) if complete else (),
            digest=self.digest(cell, self.runs),
            services=plan.services,
            cpu_ns={},
            planned=() if interrupted else ids,
            complete=complete,
            opened=self.opened,
            crashes=tuple(
                Crash(check="scope", session=ids[0], traceback=self.crashes[each])
                for each in self.crashes
                if each == cell
            ),
        )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine in the place of the real one."""
    engine = Engine()
    monkeypatch.setattr(driving, "run_suite", engine)
    return engine
