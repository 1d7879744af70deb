"""Drives the engine through a plan and keeps what its events say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from evalkit.api.cluster import Cluster
from evalkit.api.stopping import StoppedAt
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellRetried,
    CheckCrashed,
    Event,
    Interrupted,
    RunPlanned,
)
from evalkit.engine.lending import Lender
from evalkit.engine.run import cells_of, run_suite
from evalkit.errors import StartError
from evalkit.keyed import digest_of
from evalkit.live.meter import Fidelity
from evalkit.store import CellProblem, CellWriter, KeptCell, RunJudged, RunOpened

Listener: TypeAlias = Callable[[Event | RunOpened | RunJudged], None]
"""Is told what happens while suites run."""


def nobody(event: object) -> None:
    """The listener that does not care."""
    del event


@dataclass(slots=True)
class Outcome:
    """How the cells of a plan ended. `not_started` says why nothing could be run at all."""

    planned: tuple[CellKey, ...]
    digests: dict[CellKey, str] = field(default_factory=dict)
    problems: list[tuple[CellKey, CellProblem]] = field(default_factory=list)
    fidelity: dict[str, Fidelity] = field(default_factory=dict)
    interrupted: bool = False
    not_started: str | None = None
    stopped: Mapping[str, StoppedAt] = field(default_factory=dict)

    def stop(self, stopped: Mapping[str, StoppedAt]) -> None:
        """Leave out what was run of these scenarios beyond where they stopped."""
        self.stopped = stopped

        def beyond(cell: CellKey) -> bool:
            return cell.scenario in stopped and cell.index >= stopped[cell.scenario].cells

        self.planned = tuple(each for each in self.planned if not beyond(each))
        self.problems = [each for each in self.problems if not beyond(each[0])]
        self.digests = {cell: each for cell, each in self.digests.items() if not beyond(cell)}

    def take(self, event: Event) -> None:
        """Keep what an event says."""
        match event:
            case CellDone(cell=cell, digest=digest, fidelity=fidelity):
                self.digests[cell] = digest
                if fidelity is not None:
                    self.fidelity[cell.scenario] = fidelity  # a live scenario is one cell
            case CellFailed(cell=cell):
                self.problems.append((cell, _failed(event)))
            case CheckCrashed(cell=cell):
                self.problems.append((cell, _crashed(event)))
            case Interrupted():
                self.interrupted = True
            case _:
                pass

    def cells_of(self, scenario: str | None) -> tuple[CellKey, ...]:
        """The cells planned of a scenario, or all, in order."""
        return tuple(each for each in self.planned if scenario in (None, each.scenario))

    def problems_of(self, scenario: str) -> tuple[CellProblem, ...]:
        """What went wrong with the cells of a scenario."""
        return tuple(problem for cell, problem in self.problems if cell.scenario == scenario)

    def digest(self, scenario: str | None = None, *, without: Collection[str] = ()) -> str | None:
        """One hash over the digests of the cells of a scenario, or of all but some; None where one
        was not run to its end.
        """
        cells = sorted(each for each in self.cells_of(scenario) if each.scenario not in without)
        if not cells or any(each not in self.digests for each in cells):
            return None
        parts = ((each.scenario, each.index, self.digests[each]) for each in cells)
        return digest_of(*(part for cell in parts for part in cell)).hex()


def _failed(event: CellFailed) -> CellProblem:
    return CellProblem(
        cell=event.cell.index, what=event.what, detail=event.detail, start=event.start
    )


def _crashed(event: CheckCrashed) -> CellProblem:
    where = "the cell as a whole" if event.session is None else f"session {event.session}"
    what = f"the check {event.check} crashed over {where}"
    return CellProblem(cell=event.cell.index, what=what, detail=event.detail)


def drive(
    plan: SuitePlan,
    sink: CellWriter,
    *,
    workers: int | None,
    listener: Listener,
    kept: Mapping[CellKey, KeptCell] | None = None,
    keep: Sequence[int] = (),
    only: Collection[CellKey] | None = None,
    lender: Lender | None = None,
    skip: Callable[[CellKey], bool] | None = None,
    cluster: Cluster | None = None,
) -> Outcome:
    """Run the cells of a plan, or `only` some, but those that are kept from before, of which it
    tells as if they had been run. An interrupt ends it, with what was measured kept. For `keep` and
    `lender` and `skip` see `run_suite`. They are run on a `cluster`, where there is one.
    """
    cells = tuple(each for each in cells_of(plan) if only is None or each in only)
    outcome = Outcome(cells)
    kept = kept or {}
    done = frozenset(kept) | (frozenset(cells_of(plan)) - frozenset(cells))
    given = {"lender": lender, "skip": skip}
    more: dict[str, Any] = {name: each for name, each in given.items() if each is not None}

    def told(event: Event) -> None:
        event = _concealed(event, plan, sink)
        outcome.take(event)
        listener(event)

    run = run_suite if cluster is None else cluster.run
    try:
        for event in run(plan, sink=sink, workers=workers, done=done, keep=keep, **more):
            told(event)
            for past in _past(kept) if isinstance(event, RunPlanned) else ():
                told(past)
    except StartError as error:
        outcome.not_started = str(error)
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _past(kept: Mapping[CellKey, KeptCell]) -> Iterator[Event]:
    """What was told of the cells that were run before."""
    for cell, it in kept.items():
        for each in it.crashes:
            yield CheckCrashed(
                cell=cell, check=each.check, session=each.session, detail=each.traceback
            )
        yield CellDone(
            cell=cell,
            digest=it.digest,
            sessions=it.sessions,
            cpu_ns=0,
            virtual_ns=it.virtual_ns,
            stopped=it.stopped,
        )


def _concealed(event: Event, plan: SuitePlan, sink: CellWriter) -> Event:
    """The event without sensitive values, which a traceback may hold."""
    if not isinstance(event, CellFailed | CellRetried | CheckCrashed):
        return event
    cell = event.cell
    planned = [each.id for each in plan.scenario(cell.scenario).cells[cell.index]]
    if not isinstance(event, CheckCrashed):
        event = replace(event, what=sink.conceal(cell, planned, event.what))
    if not isinstance(event, CellRetried):
        event = replace(event, detail=sink.conceal(cell, planned, event.detail))
    return event
