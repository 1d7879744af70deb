"""What the processes of a run tell each other: the engine, the zygote, and the cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from evalkit.checks.run import Crash
from evalkit.engine.cells import CellSink, SuitePlan
from evalkit.live.meter import Fidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run, where its results go, and which modules to import beforehand.

    The plan is without its sessions: each cell is given its own when it is forked, so that their
    number does not weigh on its process. So many file descriptors follow it that are to be `kept`
    open by every process.
    """

    plan: SuitePlan
    sink: CellSink
    preload: tuple[str, ...]
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Ready:
    """The libraries are imported. `threads` names those they started: fork is unsafe then."""

    threads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A cell's process is over. `code` is its exit code, or minus the signal that killed it."""

    pid: int
    code: int


@dataclass(frozen=True, slots=True)
class Began:
    """The cell's process runs under this id."""

    pid: int


@dataclass(frozen=True, slots=True)
class Progress:
    """So many sessions are over, so many of them not completed."""

    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The cell is over and its result kept."""

    digest: str
    sessions: int
    cpu_ns: int
    virtual_ns: int
    complete: bool
    crashes: tuple[Crash, ...]
    fidelity: Fidelity | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The cell could not be run to its end."""

    what: str
    detail: str
    start: bool


Answer: TypeAlias = Began | Progress | Finished | Failed
"""What a cell's process says."""
