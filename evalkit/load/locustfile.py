"""What Locust runs: users that come to evalkit for their turns.

It is imported in a process of Locust's alone, which gevent patches. What is due when, and what a
response means, is decided by the process that serves the mocks (`evalkit.engine.reception`); the
latencies that count are those told to it, in nanoseconds. Locust's own are for its pages.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

import gevent
from gevent.event import AsyncResult
from gevent.lock import Semaphore
from locust import FastHttpUser, LoadTestShape, constant, events, task
from locust.exception import StopUser

_EVERY = 0.02  # seconds from one look how late this process is to the next
_TOLD_EVERY = 25  # looks
_NUMBERS = itertools.count(1)


class _Desk:
    """The connection of this process to the one that gives out turns."""

    def __init__(self) -> None:
        self._pid = 0
        self._answers: dict[str, AsyncResult] = {}
        self._lock = Semaphore()
        self._socket: socket.socket | None = None
        self._zero = int(os.environ.get("EVALKIT_LOAD_ZERO", "0"))
        self.closed = False

    def now(self) -> int:
        """Nanoseconds of the world."""
        return time.monotonic_ns() - self._zero

    def ask(self, user: str, **said: Any) -> dict[str, Any] | None:
        """Say something on behalf of a user; the turn that it is given, or None."""
        self._answers[user] = answer = AsyncResult()
        self.say(user=user, **said)
        told: dict[str, Any] | None = None if self.closed else answer.get()
        return told

    def say(self, **said: Any) -> None:
        """Say something that is not answered."""
        data = json.dumps(said).encode() + b"\n"
        with self._lock:
            if self._pid != os.getpid():  # Locust forks its workers
                self._connect()
            with suppress(OSError):
                assert self._socket is not None
                self._socket.sendall(data)

    def _connect(self) -> None:
        self._pid = os.getpid()
        host, _, port = os.environ["EVALKIT_LOAD_CONTROL"].rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = {"hello": os.environ["EVALKIT_LOAD_TOKEN"]}
        self._socket.sendall(json.dumps(hello).encode() + b"\n")
        gevent.spawn(self._hear, self._socket)
        gevent.spawn(self._look)

    def _hear(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                told = json.loads(line)
                if (answer := self._answers.pop(told["user"], None)) is not None:
                    answer.set(told.get("job"))
        self.closed = True
        for answer in self._answers.values():
            answer.set(None)

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
                late = []


DESK = _Desk()


class SessionUser(FastHttpUser):
    """Replays one session after another."""

    host = os.environ.get("EVALKIT_LOAD_URL", "http://127.0.0.1")
    wait_time = constant(0)
    insecure = False
    concurrency = 1
    network_timeout = connection_timeout = 24 * 3600.0  # each turn has its own

    @task
    def session(self) -> None:
        """One session, turn by turn."""
        name = f"{os.getpid()}-{next(_NUMBERS)}"
        over = False
        try:
            job = DESK.ask(name, ask=True)
            over = job is None
            while job is not None:
                job = DESK.ask(name, **self._turn(job))
            if over:
                raise StopUser
            over = True
        finally:
            if not over:  # stopped in the middle
                DESK.say(user=name, gone=True)

    def _turn(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send a turn when it is due; what came of it."""
        gevent.sleep(max(0.0, (job["due"] - DESK.now()) / 1e9))
        began = DESK.now()
        limit = gevent.Timeout(max(0.001, (job["limit"] - began) / 1e9))
        try:
            with limit:
                found = self._response(job)
        except gevent.Timeout as timeout:
            if timeout is not limit:
                raise
            found = {"timed_out": True}
        return {"began": began, "ended": DESK.now(), **found}

    def _response(self, job: dict[str, Any]) -> dict[str, Any]:
        response = self.client.request(
            job["method"],
            job["target"],
            name="turn",
            data=job["body"].encode("latin-1"),
            headers={"connection": "close", **job["headers"]},
            allow_redirects=False,
        )
        if not response.status_code:
            why = getattr(response, "error", None)
            return {"error": f"the agent gave no response: {why or 'the connection broke'}"}
        return {
            "status": response.status_code,
            "headers": list((response.headers or {}).items()),
            "body": (response.content or b"").decode("latin-1"),
        }


def _stages() -> Iterator[tuple[float, int]]:
    for seconds, users in json.loads(os.environ["EVALKIT_LOAD_STAGES"]):
        yield float(seconds), int(users)


if "EVALKIT_LOAD_STAGES" in os.environ:

    class Profile(LoadTestShape):
        """How many users there are at a time: straight lines from one point to the next."""

        points: ClassVar[list[tuple[float, int]]] = list(_stages())

        def tick(self) -> tuple[int, float]:
            """The users now, and how many may come or go in a second."""
            now = float(self.get_run_time())  # type: ignore[no-untyped-call]
            users = self.points[-1][1]
            for (start, first), (end, last) in itertools.pairwise(self.points):
                if start <= now < end:
                    users = round(first + (last - first) * (now - start) / (end - start))
                    break
            return users, max(1.0, float(max(each for _, each in self.points)))


def _refuse_alone(parser: Any) -> None:
    del parser
    if "EVALKIT_LOAD_CONTROL" not in os.environ:
        raise SystemExit("the mocks and the agent are missing: run `evalkit load SUITE`")


events.init_command_line_parser.add_listener(_refuse_alone)  # type: ignore[no-untyped-call]
