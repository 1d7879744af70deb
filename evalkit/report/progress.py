"""Tells how a run goes while it goes: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from evalkit.engine.events import CellFailed, CellRetried, CheckCrashed, Interrupted
from evalkit.report.tally import Part, Tally, Told
from evalkit.report.words import clean, count, span
from evalkit.store import RunJudged, RunOpened

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY = 10.0
"""The least time between two lines about work under way, in real seconds."""


class Listener(Protocol):
    """Is told what happens."""

    def __call__(self, event: Told, /) -> None:
        """Take note of an event."""


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Listener]:
    """A listener that writes to this stream for as long as the context is open."""
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("sessions {task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as bars:
        yield BarProgress(bars)


class PlainProgress:
    """One line per scenario, and now and then one about work under way."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._tally = Tally()
        self._told = clock()

    def __call__(self, event: Told) -> None:
        """Take note of an event."""
        if isinstance(event, RunOpened):
            self._tally = Tally.of(event)
            self._say(opening(event))
            for warning in () if event.again else event.run.record.warnings:
                self._say(f"  ! {clean(warning)}")
            return
        finished = list(self._tally.add(event))
        for part in finished:
            self._say(f"  {finish(part)}")
        if (trouble := trouble_of(event)) is not None:
            self._say(f"  {trouble}")
        elif not finished and not isinstance(event, RunJudged):
            self._now_and_then()

    def _now_and_then(self) -> None:
        if 0 < self._tally.done < self._tally.planned and self._clock() - self._told >= EVERY:
            note = note_of(self._tally)
            self._say(f"  … {self._tally.done:,} of {self._tally.planned:,} sessions{note}")

    def _say(self, line: str) -> None:
        self._told = self._clock()
        print(line, file=self._stream, flush=True)


class BarProgress:
    """A bar per run; what goes wrong is printed above it at once."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tally = Tally()
        self._task: TaskID | None = None

    def __call__(self, event: Told) -> None:
        """Take note of an event."""
        if isinstance(event, RunOpened):
            self._open(event)
            return
        for _ in self._tally.add(event):
            pass  # the closing table will tell
        if (trouble := trouble_of(event)) is not None:
            self._bars.console.print(trouble, markup=False, highlight=False)
        if self._task is not None:
            done, note = self._tally.done, note_of(self._tally)
            self._bars.update(self._task, completed=done, note=note)

    def _open(self, event: RunOpened) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._tally = Tally.of(event)
        again = " again" if event.again else ""
        self._task = self._bars.add_task(
            f"{event.run.record.suite}{again}", total=self._tally.planned, note=""
        )


def opening(event: RunOpened) -> str:
    """The line that a run begins with."""
    record = event.run.record
    if event.again:
        return f"{record.suite}: everything once more, to compare"
    sessions = count(sum(each.sessions for each in record.scenarios), "session")
    scenarios = count(len(record.scenarios) - len(record.added), "scenario")
    scenarios += f" and {count(len(record.added), 'control')}" if record.added else ""
    cells = sum(each.cells for each in record.scenarios)
    kept = "" if event.kept is None else f", resumed with {event.kept} of {count(cells, 'cell')}"
    return f"{record.suite}: {scenarios}, {sessions}, seed {record.seed}{kept}"


def finish(part: Part) -> str:
    """The line about a scenario that is over."""
    sessions = count(part.sessions, "session")
    how = "not all could be run" if part.broken else f"{span(part.virtual_ns)} of world time"
    return f"{part.planned.name}: {sessions}, {how}"


def trouble_of(event: Told) -> str | None:
    """The line about an event that somebody should know of now."""
    match event:
        case CellFailed(cell=cell, what=what):
            return f"! {cell.scenario}, cell {cell.index}: {clean(what)}"
        case CellRetried(cell=cell, what=what):
            return f"! {cell.scenario}, cell {cell.index}: {clean(what)}; it is tried once more"
        case CheckCrashed(cell=cell, check=check, session=session):
            whom = f"session {session}" if session else f"cell {cell.index}"
            return f"! {cell.scenario}: the check {check} crashed over {clean(whom)}"
        case Interrupted():
            return "interrupted: keeping what was measured"
        case _:
            return None


def note_of(tally: Tally) -> str:
    """How many sessions have not completed, if any."""
    return f", {tally.not_completed:,} not completed" if tally.not_completed else ""
