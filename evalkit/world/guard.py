"""Refuses what a simulated world cannot carry: child processes and blocking sockets.

Python reports both as audit events (PEP 578), from C code as well and under any name, and an
exception out of the hook stops the operation. A hook cannot be removed; this one is added once and
is idle while no world runs. `multiprocessing` starts its children past the audit events, with a C
function that is replaced.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping
from typing import Any

from evalkit.errors import RefusedInWorld
from evalkit.world.swap import Replacement, swap_of

_LIVE = "run this agent live instead (a real process over real sockets)"

_CHILDREN: Mapping[str, Callable[[Any], object]] = {
    "subprocess.Popen": lambda args: args[1],
    "os.system": lambda args: args[0],
    "os.exec": lambda args: args[0],
    "os.posix_spawn": lambda args: args[0],
    "os.spawn": lambda args: args[1],
    "os.fork": lambda _: "os.fork()",
    "os.forkpty": lambda _: "os.forkpty()",
}
_SOCKETS: Mapping[str, Callable[[Any], object]] = {
    "socket.connect": lambda args: args[1],
    "socket.sendto": lambda args: args[1],
    "socket.sendmsg": lambda args: args[1],
    "socket.getaddrinfo": lambda args: args[0],
    "socket.gethostbyname": lambda args: args[0],
    "socket.gethostbyaddr": lambda args: args[0],
    "socket.getnameinfo": lambda args: args[0],
}
"""What reaches for the network, and where to."""

_SERVERS: Mapping[str, Callable[[Any], object]] = {"socket.bind": lambda args: args[1]}

_PROBE = "::1", 0
"""What urllib3 binds when it is imported, to see whether there is IPv6: that is no server."""


def refusal(message: str) -> RefusedInWorld:
    """The error for what a world does not carry."""
    error = RefusedInWorld(message, hint=_LIVE)
    # Some libraries raise an error of their own made of these two.
    error.errno, error.strerror = errno.EPERM, str(error)
    return error


class Guard:
    """Refuses in one world. `refused` is told of each refusal to one of the world's threads."""

    def __init__(self, in_world: Callable[[], bool], refused: Callable[[str], None]) -> None:
        self._in_world = in_world
        self._refused = refused

    def install(self) -> None:
        """Refuse from now on."""
        if not _added:
            sys.addaudithook(_hook)
            _added.append(True)
        _active.append(self)

    def remove(self) -> None:
        """Refuse nothing any more."""
        _active.remove(self)

    def replacements(self) -> list[Replacement]:
        """The C function that `multiprocessing` starts children with."""
        try:
            import _posixsubprocess
        except ImportError:  # Windows
            return []
        original = swap_of(_posixsubprocess.fork_exec)

        def fork_exec(bound: Any, *args: Any) -> Any:
            if self._in_world():
                self._refuse(f"the agent started a child process: {args[0]!r:.200}")
            return original(bound, *args)

        return [Replacement(original, fork_exec)]

    def check(self, event: str, args: Any) -> None:
        """Raise if the event is one that the world does not carry."""
        if self._in_world():
            for table, what in _MESSAGES:
                if event in table and (where := table[event](args)) is not None:
                    self._refuse(f"the agent {what} {where!r:.200}", told=where != _PROBE)
        elif event in _SOCKETS and _SOCKETS[event](args) is not None:
            # A telemetry thread, perhaps: nothing leaves the machine from inside a world.
            raise ConnectionRefusedError("evalkit: no network inside a simulated world")

    def _refuse(self, message: str, *, told: bool = True) -> None:
        if told:
            self._refused(message)
        raise refusal(message)


_MESSAGES = (
    (_CHILDREN, "started a child process:"),
    (_SOCKETS, "used a blocking socket to reach"),
    (_SERVERS, "opened a socket to listen at"),
)
_EVENTS = frozenset((*_CHILDREN, *_SOCKETS, *_SERVERS))
_active: list[Guard] = []
_added: list[bool] = []


def _hook(event: str, args: Any) -> None:
    if _active and event in _EVENTS:
        _active[-1].check(event, args)
