"""The zygote, which cells are forked from, as the engine sees it."""

from __future__ import annotations

import pickle
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType

from evalkit.engine.ahead import claimed
from evalkit.engine.cells import PlannedSession
from evalkit.engine.events import CellKey
from evalkit.engine.messages import Ended, Order, Ready
from evalkit.errors import StartError

_PATIENCE = 5.0  # real seconds that the system may take to say how a process ended


class Zygote:
    """The process that cells are forked from, seen from its parent. `gone` tells that it died.

    `keep` holds file descriptors that it and every cell inherit.
    """

    def __init__(
        self, order: Order, environment: Mapping[str, str], keep: Sequence[int] = ()
    ) -> None:
        self._started = claimed(environment)
        self._control = self._started.control
        self.answers = self._started.answers
        self.gone = False
        self._codes: dict[int, int] = {}
        try:
            self.answers.send(replace(order, kept=len(keep)))
            if keep:
                socket.send_fds(self._control, [b"\0"], [*keep])
            ready = self.answers.recv()
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
        self._started.close()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def fork(self, key: CellKey, sessions: Sequence[PlannedSession]) -> Connection:
        """Have a cell with these sessions run; what it answers comes over the connection.

        Raises `OSError` where the zygote has died.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        connection = Connection(ours.detach())
        try:
            with theirs:
                socket.send_fds(self._control, [pickle.dumps(key)], [theirs.fileno()])
            connection.send(tuple(sessions))
        except BaseException:
            connection.close()
            raise
        return connection

    def take(self) -> None:
        """Take note of what the zygote says. It blocks where there is nothing."""
        try:
            ended: Ended = self.answers.recv()
        except (EOFError, OSError):
            self.gone = True
        else:
            self._codes[ended.pid] = ended.code

    def code_of(self, pid: int) -> int | None:
        """The exit code of a cell's process that is over; None where nobody can tell."""
        while pid not in self._codes and not self.gone and self.answers.poll(_PATIENCE):
            self.take()
        return self._codes.pop(pid, None)


def start_zygote(order: Order, environment: Mapping[str, str], keep: Sequence[int] = ()) -> Zygote:
    """A zygote that can be forked: without the libraries where one of them starts a thread."""
    zygote = Zygote(order, environment, keep)
    if not zygote.threads:
        return zygote
    zygote.close()
    bare = Order(plan=order.plan, sink=order.sink, preload=())
    return Zygote(bare, environment, keep)


def how_it_died(code: int | None) -> str:
    """The end of a process in words."""
    if code is None:
        return "ended without a word"
    if code >= 0:
        return f"ended itself with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as the system does where memory runs out" if -code == signal.SIGKILL else ""
    return f"was killed by {name}{hint}"
