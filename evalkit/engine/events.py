"""What the engine tells its listeners while it runs. It does not know who listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from evalkit.live.meter import Fidelity


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """Which cell: a block of a scenario's sessions. `index` counts from 0 within the scenario."""

    scenario: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlanned:
    """The run is planned: what will be done."""

    suite: str
    scenarios: tuple[str, ...]
    cells: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStarted:
    """A cell was given to a process."""

    cell: CellKey
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRetried:
    """A cell's process died, which `what` tells of; the cell is to be tried once more."""

    cell: CellKey
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsDone:
    """So many sessions of the cell have ended by now, so many of them not completed."""

    cell: CellKey
    done: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDone:
    """A cell was run to its end and its records were written. `stopped` says why not all of its
    sessions were begun, if so.
    """

    cell: CellKey
    digest: str
    sessions: int
    cpu_ns: int
    virtual_ns: int
    fidelity: Fidelity | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCrashed:
    """A check raised while it looked at a session or a whole cell: its outcome is `error`."""

    cell: CellKey
    check: str
    session: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFailed:
    """A cell could not be run to its end; `what` says why, `detail` holds a traceback or stacks."""

    cell: CellKey
    what: str
    detail: str = ""
    start: bool = False  # the agent or the world could not be started


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The run was interrupted; cells not done are missing."""


Event: TypeAlias = (
    RunPlanned
    | CellStarted
    | CellRetried
    | SessionsDone
    | CheckCrashed
    | CellDone
    | CellFailed
    | Interrupted
)
