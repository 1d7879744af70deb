"""The process that cells are forked from, started ahead of its order.

It imports evalkit's engine and the agent's libraries before it can fork a cell: one to several
seconds, in which its parent has work of its own to do (importing, reading suites, judging the run
before). So it is started as soon as it is known that one will be needed, and told what to import
once that is known.

This module imports next to nothing, so that it is there before the rest is.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import MappingProxyType

from evalkit import inherited

_MAIN = "import sys; from evalkit.engine.zygote import main; main(int(sys.argv[1]))"
_READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_")
"""How the variables begin that count only when a process starts."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process that waits for its order, and the two ways to talk to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    answers: Connection

    def close(self) -> None:
        """End it, once it has nothing more to do."""
        self.answers.close()
        self.control.close()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Prepare:
    """What a process that waits for its order should import, in what environment."""

    environment: Mapping[str, str]
    preload: tuple[str, ...]


_waiting: list[Started] = []
"""The one that nobody has claimed, if there is one."""

_prepared: dict[Started, Mapping[str, str]] = {}
"""The environment that it was told of, where it was."""


@contextmanager
def ahead() -> Iterator[None]:
    """Have a process started; one that nobody has claimed by the end is ended."""
    start_ahead()
    try:
        yield
    finally:
        end_ahead()


def start_ahead() -> None:
    """Start one, if none waits."""
    if not _waiting:
        _waiting.append(started())


def end_ahead() -> None:
    """End the one that waits, if there is one."""
    _prepared.clear()
    while _waiting:
        _waiting.pop().close()


def prepare(environment: Mapping[str, str], preload: tuple[str, ...]) -> None:
    """Tell the one that waits for what it will be claimed: it is given for nothing else then."""
    for each in _waiting:
        if _can_be_given(environment) and each not in _prepared:
            _prepared[each] = dict(environment)
            each.answers.send(Prepare(dict(environment), preload))


def claimed(environment: Mapping[str, str]) -> Started:
    """The one that waits, unless that was prepared for another, or a new one."""
    if not _waiting or not _can_be_given(environment):
        return started(environment)
    if _prepared.get(_waiting[-1], environment) != environment:
        return started(environment)
    _prepared.clear()
    return _waiting.pop()


def _can_be_given(environment: Mapping[str, str]) -> bool:
    """Whether a process that runs already can be given this environment."""
    return not any(name.startswith(_READ_AT_START) for name in environment)


def started(environment: Mapping[str, str] = MappingProxyType({})) -> Started:
    """A new process, which waits for its order."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        process = _process(theirs.fileno(), environment)
    return Started(process, ours, Connection(os.dup(ours.fileno())))


def _process(descriptor: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _MAIN, str(descriptor)],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
        env={
            **inherited.environment(),
            **environment,
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
        },
        start_new_session=True,
    )


def _has_descriptor(stream: object) -> bool:
    try:
        stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
    return True
