"""Runs the cells of a plan in processes of their own, so many at a time."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType

from evalkit.engine.cells import CellResult, CellSink, SuitePlan
from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellStarted,
    CheckCrashed,
    Event,
    Interrupted,
    SessionsDone,
)
from evalkit.engine.interrupts import Interrupts
from evalkit.engine.zygote import Answer, Began, Failed, Finished, Order, Progress, Ready
from evalkit.errors import StartError

_MAIN = "import sys; from evalkit.engine.zygote import main; main(int(sys.argv[1]))"

_PATIENCE = 10.0  # real seconds that interrupted cells have to keep what they measured


class Zygote:
    """The process that cells are forked from, seen from its parent."""

    def __init__(self, order: Order, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
                env={
                    **os.environ,
                    **environment,
                    "PYTHONHASHSEED": "0",
                    "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
                },
                start_new_session=True,
            )
        self._control = ours
        self._answers = Connection(os.dup(ours.fileno()))
        try:
            self._answers.send(order)
            ready = self._answers.recv()
        except (EOFError, OSError):
            self.close()
            raise StartError("the process for cells could not be started") from None
        except BaseException:
            self.close()
            raise
        assert isinstance(ready, Ready)
        self.threads = ready.threads

    def close(self) -> None:
        """End the process, once it has nothing more to do."""
        self._answers.close()
        self._control.close()
        self._process.wait()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def fork(self, key: CellKey) -> Connection:
        """Have a cell run; what it answers comes over the connection."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            socket.send_fds(self._control, [pickle.dumps(key)], [theirs.fileno()])
        return Connection(ours.detach())


def start_zygote(order: Order, environment: Mapping[str, str]) -> Zygote:
    """A zygote that can be forked: without the libraries where one of them starts a thread."""
    zygote = Zygote(order, environment)
    if not zygote.threads:
        return zygote
    with zygote:
        bare = Order(plan=order.plan, sink=order.sink, preload=())
    return Zygote(bare, environment)


@dataclass(slots=True)
class _Running:
    key: CellKey
    pid: int | None = None
    over: bool = False


class Pool:
    """Runs cells and yields what happens. Closing the iterator early ends the cells."""

    def __init__(self, zygote: Zygote, plan: SuitePlan, sink: CellSink, workers: int) -> None:
        self._zygote = zygote
        self._plan = plan
        self._sink = sink
        self._workers = workers
        self._running: dict[Connection, _Running] = {}
        self._interrupted = False

    def run(self, keys: Sequence[CellKey]) -> Iterator[Event]:
        """Run these cells."""
        waiting = list(reversed(keys))
        try:
            with Interrupts() as interrupts:
                while (waiting or self._running) and not interrupts.came:
                    while waiting and len(self._running) < self._workers:
                        yield self._begin(waiting.pop())
                    yield from self._answers(None, interrupts)
                if interrupts.came:
                    yield from self._interrupt(interrupts)
        finally:
            self._end()

    def _begin(self, key: CellKey) -> CellStarted:
        self._running[self._zygote.fork(key)] = _Running(key)
        sessions = len(self._plan.scenario(key.scenario).cells[key.index])
        return CellStarted(cell=key, sessions=sessions)

    def _answers(self, timeout: float | None, interrupts: Interrupts) -> Iterator[Event]:
        for ready in wait([*self._running, *interrupts.files], timeout):
            if ready in interrupts.files:
                return
            assert isinstance(ready, Connection)
            running = self._running[ready]
            try:
                answer: Answer = ready.recv()
            except (EOFError, OSError):
                yield from self._died(ready, running)
                continue
            yield from self._answered(running, answer)

    def _died(self, connection: Connection, running: _Running) -> Iterator[Event]:
        """The cell's process is gone; that it said how it ended is the rule."""
        connection.close()
        del self._running[connection]
        if not running.over:
            what = "the cell's process ended without a word (killed, or crashed in C code)"
            yield self._failed(running, Failed(what, "", False))

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
                for crash in answer.crashes:
                    yield CheckCrashed(
                        cell=running.key,
                        check=crash.check,
                        session=crash.session,
                        detail=crash.traceback,
                    )
                if answer.complete:
                    yield CellDone(
                        cell=running.key,
                        digest=answer.digest,
                        sessions=answer.sessions,
                        cpu_ns=answer.cpu_ns,
                        virtual_ns=answer.virtual_ns,
                    )
            case Failed():
                running.over = True
                yield self._failed(running, answer)

    def _failed(self, running: _Running, failed: Failed) -> CellFailed:
        """Its sessions stay in every denominator: they are kept as errored."""
        running.over = True
        sessions = self._plan.scenario(running.key.scenario).cells[running.key.index]
        self._sink(
            CellResult(
                cell=running.key,
                records=(),
                digest="",
                services=self._plan.services,
                cpu_ns={},
                planned=tuple(each.id for each in sessions),
                complete=False,
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


def _signal(running: _Running, number: int) -> None:
    if running.pid is not None and not running.over:
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, number)


def _has_descriptor(stream: object) -> bool:
    try:
        stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
    return True
