"""The process that cells are forked from.

It imports the libraries of the agent, but not the agent, stays single-threaded, and forks a fresh
process for every cell it is asked for. Its string hashes are fixed by the environment that its
parent starts it with. Its `main` is given a Unix socket over
which it gets a pickled `Order`, then for each cell its key and a descriptor for the answers.
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
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from evalkit.checks.run import Crash
from evalkit.engine.cell import Cell, load_templates
from evalkit.engine.cells import CellSink, SuitePlan
from evalkit.engine.events import CellKey
from evalkit.engine.interrupts import CellInterrupted
from evalkit.engine.watchdog import Watchdog
from evalkit.errors import StartError
from evalkit.services import ServiceTemplate
from evalkit.units import format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run, where its results go, and which modules to import beforehand."""

    plan: SuitePlan
    sink: CellSink
    preload: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The libraries are imported. `threads` names those they started: fork is unsafe then."""

    threads: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Failed:
    """The cell could not be run to its end."""

    what: str
    detail: str
    start: bool


Answer: TypeAlias = Ready | Began | Progress | Finished | Failed

_PROGRESS_EVERY = 50_000_000  # real nanoseconds


def main(descriptor: int) -> None:
    """Serve until the parent closes the socket."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    answers = Connection(os.dup(descriptor))
    order: Order = answers.recv()
    for name in order.preload:
        with contextlib.suppress(Exception, SystemExit):  # the agent's own import will tell
            importlib.import_module(name)
    templates = load_templates(order.plan)
    others = [each for each in threading.enumerate() if each is not threading.main_thread()]
    try:
        answers.send(Ready(tuple(each.name for each in others)))
    except BrokenPipeError:
        return  # the parent has gone
    _flush()
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
        if not message:
            return
        key: CellKey = pickle.loads(message)
        if os.fork() == 0:
            control.close()
            answers.close()
            _child(order, templates, key, Connection(descriptors[0]))
        os.close(descriptors[0])


def _child(
    order: Order, templates: Sequence[ServiceTemplate], key: CellKey, answers: Connection
) -> None:
    """Run a cell in this process, which ends with it."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        answers.send(Began(os.getpid()))
        _run(order, templates, key, answers)
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


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # an agent may have closed it
            stream.flush()


def _interrupt(*_: object) -> None:
    # The tasks that are cut short are not worth a complaint each.
    logging.getLogger("asyncio").disabled = True
    raise CellInterrupted


def _run(
    order: Order, templates: Sequence[ServiceTemplate], key: CellKey, answers: Connection
) -> None:
    told = 0

    def progress(done: int, failed: int) -> None:
        nonlocal told
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if now - told > _PROGRESS_EVERY:
            told = now
            answers.send(Progress(done, failed))

    limit = order.plan.suite.agent.stall_after

    def stalled(stacks: str) -> None:
        what = f"the cell made no progress for {format_duration(limit)} of real time"
        with contextlib.suppress(OSError):
            answers.send(Failed(what, stacks, False))
        os._exit(1)

    cell = Cell(order.plan, templates, key, progress)
    watchdog = Watchdog(progress=cell.position, limit=limit, stalled=stalled)
    watchdog.start()
    result = cell.run()
    watchdog.stop()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what was measured is kept now
    order.sink(result)
    answers.send(
        Finished(
            digest=result.digest,
            sessions=len(result.planned),
            cpu_ns=time.process_time_ns(),
            virtual_ns=result.virtual_ns,
            complete=result.complete,
            crashes=result.crashes,
        )
    )
