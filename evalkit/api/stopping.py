"""Ends scenarios early: as soon as a gate over their sessions is lost for certain.

The cells of a scenario are looked at in their order, whoever was quicker. What was run beyond the
cell that decided is left out, so that what a run comes to does not depend on the workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.early import watch_of
from evalkit.engine.events import CellDone, CellFailed, CellKey
from evalkit.gate.watching import Ended, Watch
from evalkit.store import Run, Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedAt:
    """A scenario that was ended early after so many cells, or sessions of its only one."""

    why: str
    cells: int
    sessions: int


class _Scenario:
    """How far the cells of a scenario have been looked at."""

    def __init__(self, plan: ScenarioPlan, watch: Watch) -> None:
        self._plan, self._watch = plan, watch
        self._over: dict[int, Mapping[str, Ended]] = {}
        self._next = self._seen = 0

    def over(self, index: int, ended: Mapping[str, Ended]) -> StoppedAt | None:
        """A cell is over; where the scenario stops, if that is known now."""
        self._over[index] = ended
        while self._next in self._over:
            known, planned = self._over.pop(self._next), self._plan.cells[self._next]
            self._next += 1
            self._seen += len(planned)
            lost = [self._watch.add(known[each.id]) for each in planned if each.id in known]
            if why := next(filter(None, lost), None):
                return StoppedAt(why=why, cells=self._next, sessions=self._seen)
        return None


class Stopping:
    """Says of a plan that may end early which cells need not be run any more. `ended` tells how the
    sessions of a cell ended that is over.
    """

    def __init__(self, plan: SuitePlan, ended: Callable[[CellKey], Mapping[str, Ended]]) -> None:
        self._ended, census = ended, plan.live is None
        self._watched = {
            each.name: _Scenario(each, watch)
            for each in plan.scenarios
            if plan.early
            and len(each.cells) > 1
            and (watch := watch_of(plan, each, census=census)).any
        }
        self.stopped: dict[str, StoppedAt] = {}

    def take(self, event: object) -> None:
        """Take note of a cell that is over."""
        match event:
            case CellDone(cell=cell, stopped=str(why), sessions=sessions):
                self.stopped[cell.scenario] = StoppedAt(
                    why=why, cells=cell.index + 1, sessions=sessions
                )
            case CellDone(cell=cell) | CellFailed(cell=cell):
                self._look(cell, done=isinstance(event, CellDone))
            case _:
                pass

    def out_of(self, cell: CellKey) -> bool:
        """Whether a cell is of a scenario that has stopped."""
        return cell.scenario in self.stopped

    def _look(self, cell: CellKey, *, done: bool) -> None:
        if cell.scenario not in self._watched or cell.scenario in self.stopped:
            return
        ended = self._ended(cell) if done else {}
        stopped = self._watched[cell.scenario].over(cell.index, ended)
        if stopped is not None:
            self.stopped[cell.scenario] = stopped


def cut_short(run: Run, plan: SuitePlan, stopped: Mapping[str, StoppedAt]) -> tuple[Run, SuitePlan]:
    """The run and its plan with what was run of scenarios that were ended early, and no more."""
    if not stopped:
        return run, plan
    for each in plan.scenarios:
        if each.name in stopped:
            for index in range(stopped[each.name].cells, len(each.cells)):
                run.discard(CellKey(each.name, index))
    scenarios = tuple(_cut(each, stopped.get(each.name), run) for each in plan.scenarios)
    records = tuple(
        replace(
            each,
            sessions=at.sessions,
            cells=at.cells,
            stopped=Stopped(why=at.why, sessions=each.sessions, cells=each.cells),
        )
        if (at := stopped.get(each.name)) is not None
        else each
        for each in run.record.scenarios
    )
    record = replace(run.record, scenarios=records)
    return Run(run.folder, record), replace(plan, scenarios=scenarios)


def _cut(scenario: ScenarioPlan, at: StoppedAt | None, run: Run) -> ScenarioPlan:
    if at is None:
        return scenario
    cells = scenario.cells[: at.cells]
    if at.sessions < sum(map(len, cells)):  # live: the sessions of the only cell that were begun
        begun = run.ended(CellKey(scenario.name, 0))
        cells = tuple(tuple(each for each in cell if each.id in begun) for cell in cells)
    return replace(scenario, cells=cells)
