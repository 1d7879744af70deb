"""The process that cells are forked from.

It imports the libraries of the agent, but not the agent, stays single-threaded, and forks a fresh
process for every cell it is asked for. Its string hashes are fixed by the environment that its
parent starts it with. Its `main` is given a Unix socket over which it gets a pickled `Order`, then
for each cell its key and a descriptor over which the cell is given its sessions, and answers; it
says over the socket how each process ended.

When its parent is gone, it ends, and its cells with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

from evalkit.engine.ahead import Prepare
from evalkit.engine.cell import Cell
from evalkit.engine.cells import CellResult, PlannedSession
from evalkit.engine.events import CellKey
from evalkit.engine.interrupts import CellInterrupted
from evalkit.engine.judging import make_checks_ready
from evalkit.engine.live_cell import LiveCell
from evalkit.engine.load_cell import LoadCell
from evalkit.engine.messages import Began, Ended, Failed, Finished, Order, Progress, Ready
from evalkit.engine.opened import note_what_is_opened
from evalkit.engine.preload import imported_later
from evalkit.engine.templates import Templates, load_templates
from evalkit.engine.watchdog import Watchdog
from evalkit.errors import StartError
from evalkit.keyed import digest_of
from evalkit.units import format_duration

_PROGRESS_EVERY = 50_000_000  # real nanoseconds


def main(descriptor: int) -> None:
    """Serve until the parent closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    gc.disable()  # what is imported stays: to look for garbage in it takes a tenth of the time
    note_what_is_opened()
    # Agents may lie where the run was begun; what else lies there stands in for no other module.
    with contextlib.suppress(OSError):  # that folder may be gone
        sys.path.append(str(Path.cwd()))
    control = socket.socket(fileno=descriptor)
    answers = Connection(os.dup(descriptor))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        order = _ordered(answers)
        if order.kept:
            socket.recv_fds(control, 1, order.kept)  # nothing is done with them but to be kept
        templates = _prepared(order)
        answers.send(Ready(_other_threads()))
        _Forks(order, templates, control, answers).serve()


def _ordered(answers: Connection) -> Order:
    """The order. Until it comes, what is known of it is made ready."""
    while isinstance(told := answers.recv(), Prepare):
        _make_ready(told.environment, told.preload)
    order: Order = told
    return order


def _make_ready(environment: Mapping[str, str], preload: Sequence[str]) -> None:
    os.environ.update(environment)
    _import(preload)
    if preload:
        _import(imported_later(sys.modules))


def _prepared(order: Order) -> Templates:
    """The services; what cells will need is imported."""
    _make_ready(order.plan.environment, order.preload)
    templates = load_templates(order.plan)
    make_checks_ready(order.plan)
    _flush()
    gc.collect()
    gc.freeze()
    gc.enable()
    return templates


def _import(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception, SystemExit):  # the agent's own import will tell
            importlib.import_module(name)


def _other_threads() -> tuple[str, ...]:
    others = (each for each in threading.enumerate() if each is not threading.main_thread())
    return tuple(each.name for each in others)


class _Forks:
    """Forks cells, and tells how they end."""

    def __init__(
        self,
        order: Order,
        templates: Templates,
        control: socket.socket,
        answers: Connection,
    ) -> None:
        self._order = order
        self._templates = templates
        self._control = control
        self._answers = answers
        self._cells: set[int] = set()
        self._woken, self._wake = os.pipe()

    def serve(self) -> None:
        """Fork what is asked for until the parent is gone."""
        for each in (self._woken, self._wake):
            os.set_blocking(each, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a signal that is ignored wakes nobody
        try:
            while True:
                ready = wait([self._control, self._woken])
                if self._woken in ready:
                    self._reap()
                if self._control in ready and not self._fork():
                    return
        finally:
            for pid in self._cells:
                os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still its own

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        for pid in tuple(self._cells):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._cells.discard(pid)
                self._answers.send(Ended(pid, os.waitstatus_to_exitcode(status)))

    def _fork(self) -> bool:
        """Fork the next cell; False where there will be none."""
        message, descriptors, _, _ = socket.recv_fds(self._control, 65536, 1)
        if not message:
            return False
        key: CellKey = pickle.loads(message)
        pid = os.fork()
        if pid == 0:
            self._leave()
            _child(self._order, self._templates, key, Connection(descriptors[0]))
        os.close(descriptors[0])
        self._cells.add(pid)
        return True

    def _leave(self) -> None:
        """In a cell's process: let go of what is the zygote's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._woken)
        os.close(self._wake)
        self._control.close()
        self._answers.close()


def _child(order: Order, templates: Templates, key: CellKey, answers: Connection) -> None:
    """Run a cell in this process, which ends with it."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        answers.send(Began(os.getpid()))
        _run(_with_sessions(order, key, answers.recv()), templates, key, answers)
        code = 0
    except BrokenPipeError:
        pass  # nobody is left to be told
    except BaseException as error:
        start = isinstance(error, StartError)
        what = str(error) if start else f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            answers.send(Failed(what, traceback.format_exc(), start))
    finally:
        _flush()
        # Threads of the agent's that never end must not keep the process.
        os._exit(code)


def _with_sessions(order: Order, key: CellKey, sessions: tuple[PlannedSession, ...]) -> Order:
    """The order with the sessions of one cell."""
    cells = (*((),) * key.index, sessions)
    scenario = replace(order.plan.scenario(key.scenario), cells=cells)
    others = (each for each in order.plan.scenarios if each.name != key.scenario)
    return replace(order, plan=replace(order.plan, scenarios=(scenario, *others)))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # an agent may have closed it
            stream.flush()


def _interrupt(*_: object) -> None:
    # The tasks that are cut short are not worth a complaint each.
    logging.getLogger("asyncio").disabled = True
    raise CellInterrupted


def _kind(order: Order) -> type[Cell]:
    live = order.plan.live
    if live is None:
        return Cell
    return LiveCell if live.load is None else LoadCell


def _run(order: Order, templates: Templates, key: CellKey, answers: Connection) -> None:
    voice = _Voice(answers)
    cell = _kind(order)(order.plan, templates, key, voice.progress)
    limit = order.plan.suite.agent.stall_after

    def stalled(told: str) -> None:
        voice.stalled(limit, told)

    watchdog = Watchdog(progress=cell.position, limit=limit, waits=cell.waits, stalled=stalled)
    watchdog.start()
    parts = []
    for result in cell.results():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what was measured is kept now
        order.sink(result)
        parts.append(replace(result, records=(), output=""))
    watchdog.stop()
    voice.finished(parts)


class _Voice:
    """Tells the parent of a cell how it goes."""

    def __init__(self, answers: Connection) -> None:
        self._answers = answers
        self._told = 0

    def progress(self, done: int, failed: int) -> None:
        """Say how many sessions are over, now and then."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if now - self._told > _PROGRESS_EVERY:
            self._told = now
            self._answers.send(Progress(done, failed))

    def stalled(self, limit: int, stacks: str) -> None:
        """Say that nothing moves, and end the process."""
        what = f"the cell made no progress for {format_duration(limit)} of real time"
        with contextlib.suppress(OSError):
            self._answers.send(Failed(what, stacks, False))
        os._exit(1)

    def finished(self, parts: Sequence[CellResult]) -> None:
        """Say what came of the cell."""
        first, *others = parts
        digests = [each.digest for each in parts]
        self._answers.send(
            Finished(
                digest=digest_of(*digests).hex() if others else first.digest,
                sessions=sum(len(each.planned) for each in parts),
                cpu_ns=time.process_time_ns(),
                virtual_ns=first.virtual_ns,
                complete=all(each.complete for each in parts),
                crashes=tuple(crash for each in parts for crash in each.crashes),
                fidelity=first.fidelity,
                stopped=first.stopped,
            )
        )
