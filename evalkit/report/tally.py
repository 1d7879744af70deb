"""How far a run is: what its events add up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.engine.events import CellDone, CellFailed, CellKey, CellStarted, Event, SessionsDone
from evalkit.store import RunJudged, RunOpened, ScenarioRecord

Told: TypeAlias = Event | RunOpened | RunJudged
"""What a listener may be told."""


@dataclass(slots=True)
class Part:
    """How far one scenario is."""

    planned: ScenarioRecord
    cells_left: int
    sessions: int = 0
    virtual_ns: int = 0
    broken: bool = False


@dataclass(slots=True)
class Tally:
    """Adds up the events of one run. `over` holds the scenarios that the last event finished."""

    parts: dict[str, Part] = field(default_factory=dict)
    running: dict[CellKey, tuple[int, int]] = field(default_factory=dict)
    sizes: dict[CellKey, int] = field(default_factory=dict)
    failed: int = 0

    @classmethod
    def of(cls, opened: RunOpened) -> Tally:
        """The tally of a run that begins."""
        scenarios = opened.run.record.scenarios
        return cls(parts={each.name: Part(each, each.cells) for each in scenarios})

    @property
    def planned(self) -> int:
        """How many sessions there are."""
        return sum(each.planned.sessions for each in self.parts.values())

    @property
    def done(self) -> int:
        """How many sessions are over."""
        over = sum(each.sessions for each in self.parts.values())
        return over + sum(done for done, _ in self.running.values())

    @property
    def not_completed(self) -> int:
        """How many of them are known not to have completed."""
        return self.failed + sum(failed for _, failed in self.running.values())

    def add(self, event: Told) -> Iterator[Part]:
        """Take an event into account and give the scenario that it finished, if it did."""
        match event:
            case CellStarted(cell=cell, sessions=sessions):
                self.sizes[cell] = sessions
                self.running[cell] = (0, 0)
            case SessionsDone(cell=cell, done=done, failed=failed):
                self.running[cell] = (done, failed)
            case CellDone(cell=cell, sessions=sessions, virtual_ns=virtual_ns):
                self.parts[cell.scenario].virtual_ns += virtual_ns
                yield from self._over(cell, sessions, self.running.get(cell, (0, 0))[1])
            case CellFailed(cell=cell):
                self.parts[cell.scenario].broken = True
                sessions = self.sizes.get(cell, 0)
                yield from self._over(cell, sessions, sessions)
            case _:
                pass

    def _over(self, cell: CellKey, sessions: int, failed: int) -> Iterator[Part]:
        self.running.pop(cell, None)
        self.failed += failed
        part = self.parts[cell.scenario]
        part.sessions += sessions
        part.cells_left -= 1
        if part.cells_left == 0:
            yield part
