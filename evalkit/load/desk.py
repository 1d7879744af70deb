"""A generator's way to the process that gives out turns. It is imported by processes of Locust's,
which gevent patches.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.lock import Semaphore

from evalkit.load.workers import REGION

_EVERY = 0.02  # seconds from one look how late this process is to the next
_TOLD_EVERY = 25  # looks
_SAMPLES = 64  # of the desk's clock, of which the one that took shortest counts
_PATIENCE = 60.0  # seconds in which the desk may come up


class Refused(Exception):
    """The desk has no use for this process."""


class Desk:
    """The connection of this process to the desk. It is opened when it is needed first."""

    def __init__(self) -> None:
        self.pid = 0
        """Of the process that opened it; Locust forks its workers."""
        self._answers: dict[str, AsyncResult] = {}
        self._hello: AsyncResult = AsyncResult()
        self._lock = Semaphore()
        self._socket: socket.socket | None = None
        self._clocks: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)  # round trip, offset
        self._offset = 0
        self.address: tuple[str, int] | None = None
        self.token = ""
        self.name = ""
        self.url = ""
        """The base URL of the agent, once there is a connection."""
        self.closed = False
        self.when_closed: Callable[[], object] = lambda: None

    def now(self) -> int:
        """Nanoseconds of the world, as far as this process can tell."""
        return time.monotonic_ns() + self._offset

    def ask(self, user: str, **said: Any) -> dict[str, Any] | None:
        """Say something on behalf of a user; the turn that it is given, or None."""
        self._answers[user] = answer = AsyncResult()
        self.say(user=user, **said)
        told: dict[str, Any] | None = None if self.closed else answer.get()
        return told

    def say(self, **said: Any) -> None:
        """Say something that is not answered."""
        with self._lock:
            self._send(said)

    def open(self, going: Callable[[], bool] = lambda: True) -> None:
        """See to it that there is a connection of this process. Raises `Refused`, also as soon as
        what is to answer is no longer `going`.
        """
        with self._lock:
            if self.pid != os.getpid():
                self._connect(going)

    def _send(self, said: dict[str, Any]) -> None:
        with suppress(OSError):
            assert self._socket is not None
            self._socket.sendall(json.dumps(said).encode() + b"\n")

    # Beginning ---------------------------------------------------------------------------------

    def _connect(self, going: Callable[[], bool]) -> None:
        self._socket = connection = self._opened(going)
        self.pid = os.getpid()
        self.name = f"{socket.gethostname()}-{self.pid}-{secrets.token_hex(3)}"
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gevent.spawn(self._hear, connection)
        hello = {"hello": self.token, "name": self.name, "region": os.environ.get(REGION) or None}
        self._send(hello)
        told = self._hello.get()
        if told is None:
            self.closed = True
            raise Refused("the desk closed the connection: is the token another one?")
        if "refused" in told:
            self.closed = True
            raise Refused(told["refused"])
        self.url = told["url"]
        for _ in range(8):
            self._ask_clock()
            gevent.sleep(0.005)
        gevent.spawn(self._look)

    def _opened(self, going: Callable[[], bool]) -> socket.socket:
        assert self.address is not None
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return socket.create_connection(self.address, timeout=None)
            except OSError as error:
                if time.monotonic() > until or not going():
                    host, port = self.address
                    raise Refused(f"nobody gives out turns at {host}:{port}: {error}") from error
                gevent.sleep(0.2)

    # What is heard -----------------------------------------------------------------------------

    def _hear(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                self._heard(json.loads(line))
        self.closed = True
        self._hello.set(None)
        for answer in self._answers.values():
            answer.set(None)
        self.when_closed()

    def _heard(self, told: dict[str, Any]) -> None:
        if "clock" in told:
            self._take_clock(told["clock"], told["now"])
        elif "user" in told:
            if (answer := self._answers.pop(told["user"], None)) is not None:
                answer.set(told.get("job"))
        else:
            self._hello.set(told)

    # Clocks ------------------------------------------------------------------------------------

    def _ask_clock(self) -> None:
        self._send({"clock": time.monotonic_ns()})

    def _take_clock(self, asked: int, now: int) -> None:
        """Another machine's clock, or this one's: the sample that was the quickest of the last ones
        tells it best (F. Cristian, Probabilistic clock synchronization, 1989).
        """
        heard = time.monotonic_ns()
        self._clocks.append((heard - asked, now - (asked + heard) // 2))
        self._offset = min(self._clocks)[1]

    def _look(self) -> None:
        """Tell now and then how late this process is at what is due."""
        late: list[int] = []
        due = time.monotonic_ns()
        while not self.closed:
            due += int(_EVERY * 1e9)
            gevent.sleep(max(0.0, (due - time.monotonic_ns()) / 1e9))
            late.append(max(0, time.monotonic_ns() - due))
            if len(late) >= _TOLD_EVERY:
                self.say(late=late)
                self._ask_clock()
                late = []
