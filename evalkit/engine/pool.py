"""Runs the cells of a plan in processes of their own, so many at a time."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from evalkit.engine.cells import CellResult, CellSink, PlannedSession, SuitePlan
from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellRetried,
    CellStarted,
    CheckCrashed,
    Event,
    Interrupted,
    SessionsDone,
)
from evalkit.engine.forking import Zygote, how_it_died
from evalkit.engine.interrupts import Interrupts
from evalkit.engine.messages import Answer, Began, Failed, Finished, Progress
from evalkit.errors import StartError

_PATIENCE = 10.0  # real seconds that interrupted cells have to keep what they measured
_TRIES = 2
"""How often a cell is run whose process dies."""
_STARTS = 3
"""How many zygotes may die before nothing more is tried."""


@dataclass(slots=True)
class _Running:
    key: CellKey
    number: int  # of the try, from 1
    pid: int | None = None
    over: bool = False


class Pool:
    """Runs cells and yields what happens. Closing the iterator early ends the cells."""

    def __init__(
        self,
        start: Callable[[], Zygote],
        plan: SuitePlan,
        sink: CellSink,
        workers: int,
        skip: Callable[[CellKey], bool] | None = None,
    ) -> None:
        self._start = start
        self._starts = 0
        self._zygote: Zygote | None = None
        self._plan = plan
        self._sink = sink
        self._workers = workers
        self._skip = skip
        self._waiting: list[tuple[CellKey, int]] = []
        self._running: dict[Connection, _Running] = {}
        self._interrupted = False

    def run(self, keys: Sequence[CellKey]) -> Iterator[Event]:
        """Run these cells. Raises `StartError`."""
        self._waiting = [(each, 1) for each in reversed(keys)]
        try:
            if keys:
                self._zygote = self._next_zygote()  # may take long: an interrupt ends it at once
            with Interrupts() as interrupts:
                while (self._waiting or self._running) and not interrupts.came:
                    while self._waiting and len(self._running) < self._workers:
                        cell, number = self._waiting.pop()
                        if self._skip is None or not self._skip(cell):
                            yield self._begin(cell, number)
                    if self._running:
                        yield from self._answers(None, interrupts)
                if interrupts.came:
                    yield from self._interrupt(interrupts)
        finally:
            self._end()

    def _begin(self, key: CellKey, number: int) -> CellStarted:
        self._running[self._forked(key)] = _Running(key, number)
        return CellStarted(cell=key, sessions=len(self._sessions(key)))

    def _sessions(self, key: CellKey) -> tuple[PlannedSession, ...]:
        return self._plan.scenario(key.scenario).cells[key.index]

    def _forked(self, key: CellKey) -> Connection:
        """The connection to a new cell, of a new zygote where there is none any more."""
        while True:
            if self._zygote is None or self._zygote.gone:
                self._zygote = self._next_zygote()
            try:
                return self._zygote.fork(key, self._sessions(key))
            except OSError:
                self._zygote.gone = True

    def _next_zygote(self) -> Zygote:
        if self._zygote is not None:
            self._zygote.close()
        self._starts += 1
        if self._starts > _STARTS:
            raise StartError(f"the process for cells died {_STARTS} times")
        return self._start()

    def _answers(self, timeout: float | None, interrupts: Interrupts) -> Iterator[Event]:
        zygote = self._zygote
        assert zygote is not None
        about_ends = [] if zygote.gone else [zygote.answers]
        for ready in wait([*self._running, *about_ends, *interrupts.files], timeout):
            if ready in interrupts.files:
                return
            assert isinstance(ready, Connection)
            if ready in self._running:
                yield from self._heard(ready)
            elif zygote.answers.poll():  # what it said may have been taken note of just now
                zygote.take()

    def _heard(self, connection: Connection) -> Iterator[Event]:
        running = self._running[connection]
        try:
            answer: Answer = connection.recv()
        except (EOFError, OSError):
            yield from self._died(connection, running)
        else:
            yield from self._answered(running, answer)

    def _died(self, connection: Connection, running: _Running) -> Iterator[Event]:
        """The cell's process is gone; that it said how it ended is the rule."""
        connection.close()
        del self._running[connection]
        assert self._zygote is not None
        code = None if running.pid is None else self._zygote.code_of(running.pid)
        if running.over:
            return
        if code is None:
            _signal(running, signal.SIGKILL)  # it may have closed the connection and live on
        if self._interrupted:
            return  # that ended it, and not the agent
        what = f"{self._whose} {how_it_died(code)}"
        if running.number < (1 if self._under_load else _TRIES):
            self._waiting.append((running.key, running.number + 1))
            yield CellRetried(cell=running.key, what=what)
        else:
            again = ", and not for the first time" if running.number > 1 else ""
            yield self._failed(running, Failed(f"{what}{again}", "", False))

    @property
    def _under_load(self) -> bool:
        """Whether the only cell is a load: that is as long as was asked for, and not gone through
        twice because its first half is lost.
        """
        return self._plan.live is not None and self._plan.live.load is not None

    @property
    def _whose(self) -> str:
        if self._under_load:
            return "the process of the mocks, with proxy and journal,"
        return "the cell's process"

    def _answered(self, running: _Running, answer: Answer) -> Iterator[Event]:
        match answer:
            case Began(pid):
                running.pid = pid
                if self._interrupted:
                    _signal(running, signal.SIGTERM)
            case Progress(done, failed):
                yield SessionsDone(cell=running.key, done=done, failed=failed)
            case Finished():
                running.over = True
                yield from _finished(running.key, answer)
            case Failed():
                running.over = True
                if not self._interrupted:  # else it was cut off where it could not keep anything
                    yield self._failed(running, answer)

    def _failed(self, running: _Running, failed: Failed) -> CellFailed:
        """Its sessions stay in every denominator: they are kept as errored."""
        running.over = True
        self._sink(
            CellResult(
                cell=running.key,
                records=(),
                digest="",
                services=self._plan.services,
                cpu_ns={},
                planned=tuple(each.id for each in self._sessions(running.key)),
                complete=False,
                lost=not failed.start,
            )
        )
        return CellFailed(
            cell=running.key, what=failed.what, detail=failed.detail, start=failed.start
        )

    def _interrupt(self, interrupts: Interrupts) -> Iterator[Event]:
        """Let the running cells keep what they measured; a second interrupt ends them at once."""
        yield Interrupted()
        self._interrupted = True
        for running in self._running.values():
            _signal(running, signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        interrupts.again()
        while self._running and not interrupts.came and time.monotonic() < until:
            yield from self._answers(until - time.monotonic(), interrupts)

    def _end(self) -> None:
        for connection, running in self._running.items():
            _signal(running, signal.SIGKILL)
            connection.close()
        self._running.clear()
        if self._zygote is not None:
            self._zygote.close()


def _finished(cell: CellKey, answer: Finished) -> Iterator[Event]:
    for crash in answer.crashes:
        yield CheckCrashed(
            cell=cell, check=crash.check, session=crash.session, detail=crash.traceback
        )
    if answer.complete:
        yield CellDone(
            cell=cell,
            digest=answer.digest,
            sessions=answer.sessions,
            cpu_ns=answer.cpu_ns,
            virtual_ns=answer.virtual_ns,
            fidelity=answer.fidelity,
            stopped=answer.stopped,
        )


def _signal(running: _Running, number: int) -> None:
    if running.pid is not None and not running.over:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, number)
