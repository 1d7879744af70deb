"""What the engine plans, and what a cell gives back."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evalkit.checks.privileges import Privileges
from evalkit.checks.run import Crash
from evalkit.engine.events import CellKey
from evalkit.journal.records import AnyRecord
from evalkit.live.meter import Fidelity
from evalkit.live.plan import LivePlan
from evalkit.metrics.pricing import Prices
from evalkit.services import ServiceInfo
from evalkit.suite import Problem
from evalkit.suite.model import Scenario, SessionRecord, Sessions, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSession:
    """A session with its place in the plan. `arrival` is in nanoseconds of world time, or None
    where the session starts as soon as one before it has ended. `placed` says that its region was
    drawn, and is not the record's own.
    """

    id: str
    record: SessionRecord
    arrival: int | None
    placed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPlan:
    """One scenario with its sessions in cells. `control` names the one with the same sessions and
    no faults; `added` says that it is there for that only, and no part of the suite.
    """

    name: str
    scenario: Scenario
    settings: Sessions
    cells: tuple[tuple[PlannedSession, ...], ...]
    control: str | None = None
    added: bool = False

    @property
    def sessions(self) -> int:
        """How many sessions are planned."""
        return sum(len(cell) for cell in self.cells)

    @property
    def faulty(self) -> bool:
        """Whether the scenario injects anything."""
        return not self.scenario.sound


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePlan:
    """All that is to be run of one suite. It is pickled on its way to the processes that run it.

    `warnings` are what somebody should know of before it runs. `controls` says that faulty
    scenarios have theirs. `prices` are what its models are priced by, `privileges` those that
    people have accepted of its agent, if they have. `live` is there where it runs live. `early`
    ends a scenario as soon as a gate over its sessions is lost for certain. `agent` names the one
    that takes the place of the suite's own, as it was given.
    """

    suite: Suite
    path: Path
    seed: int
    environment: Mapping[str, str]
    services: tuple[ServiceInfo, ...]
    scenarios: tuple[ScenarioPlan, ...]
    warnings: tuple[Problem, ...] = ()
    controls: bool = True
    prices: Prices = field(default_factory=Prices)
    live: LivePlan | None = None
    privileges: Privileges | None = None
    early: bool = False
    agent: str | None = None

    def scenario(self, name: str) -> ScenarioPlan:
        """The scenario of this name."""
        return next(each for each in self.scenarios if each.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """What a cell gives back. `cpu_ns` holds the CPU time of (session, turn) in real nanoseconds;
    `complete` is False where it was not run to its end; `planned` names its sessions, without those
    that an interruption cut off or kept from being begun: of them nothing is known.
    Of a live one, `fidelity` says how faithful its world was, `output` is what the agent printed,
    and `stopped` why sessions that are not in `planned` were not begun. `opened` are the files that
    were read to come to it, by their absolute paths; None where that is not known. `lost` says that
    it came to no end, so that nobody knows how far its sessions were.
    """

    cell: CellKey
    records: tuple[AnyRecord, ...]
    digest: str
    services: tuple[ServiceInfo, ...]
    cpu_ns: Mapping[tuple[str, int], int]
    planned: tuple[str, ...]
    complete: bool = True
    virtual_ns: int = 0
    crashes: tuple[Crash, ...] = ()
    fidelity: Fidelity | None = None
    output: str = ""
    stopped: str | None = None
    opened: Set[str] | None = None
    lost: bool = False


class CellSink(Protocol):
    """Takes a cell's result in the process that ran it. It is pickled on its way there."""

    def __call__(self, result: CellResult) -> None:
        """Keep the result."""
