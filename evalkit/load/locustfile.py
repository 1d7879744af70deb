"""What Locust runs: users that come to evalkit for their turns.

`evalkit load` starts Locust with this file. Those who prefer to start Locust themselves:

    locust -f "$(evalkit load --locustfile)" --suite shop.eval.yaml --headless -u 50 -r 10 -t 2m

with Locust's own options, among them --master, --worker and --processes. Then evalkit is started by
the process that is no worker, and its verdict is Locust's exit code.

It is imported in a process of Locust's alone, which gevent patches. What is due when, and what a
response means, is decided by the process that serves the mocks (`evalkit.engine.reception`); the
latencies that count are those told to it, in nanoseconds. Locust's own are for its pages.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import gevent
from locust import LoadTestShape, User, constant, events, task
from locust.exception import StopUser

from evalkit.load import plain
from evalkit.load.client import Broken, Client
from evalkit.load.desk import Desk, Refused

_NUMBERS = itertools.count(1)
_NOWHERE = "http://evalkit"

DESK = Desk()
CLIENTS: dict[str, Client] = {}
"""Those of this process, by the base URL of the agent."""


class SessionUser(User):
    """Replays one session after another."""

    host = _NOWHERE  # where the agent is the desk says, unless Locust was told so
    wait_time = constant(0)

    @task
    def session(self) -> None:
        """One session, turn by turn."""
        name, over = "", False
        try:
            plain.directed(DESK, self.environment)
            DESK.open()
            name = f"{DESK.name}-{next(_NUMBERS)}"
            job = DESK.ask(name, ask=True)
            over = job is None
            while job is not None:
                job = DESK.ask(name, **self._turn(job))
            if over:
                raise StopUser
            over = True
        except Refused as error:
            over = True
            plain.give_up(self.environment, str(error))
            raise StopUser from error
        finally:
            if name and not over:  # stopped in the middle
                DESK.say(user=name, gone=True)

    def _turn(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send a turn when it is due; what came of it."""
        gevent.sleep(max(0.0, (job["due"] - DESK.now()) / 1e9))
        began = DESK.now()
        way = job.get("rtt", 0) / 2e9  # seconds to the agent
        limit = gevent.Timeout(max(0.001, (job["limit"] - began) / 1e9))
        try:
            with limit:
                gevent.sleep(way)
                found = self._response(job)
                gevent.sleep(way)
        except gevent.Timeout as timeout:
            if timeout is not limit:
                raise
            found = {"timed_out": True}
        return {"began": began, "ended": max(began, DESK.now()), **found}

    def _response(self, job: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        try:
            found = self._client().request(
                job["method"], job["target"], job["headers"], job["body"].encode("latin-1")
            )
        except (Broken, gevent.Timeout) as error:
            self._tell(job, began, error=error)
            if isinstance(error, gevent.Timeout):
                raise
            return {"error": f"the agent gave no response: {error}"}
        failed = Broken(f"status {found.status}") if found.status >= 400 else None
        self._tell(job, began, len(found.body), failed)
        body = found.body.decode("latin-1")
        return {"status": found.status, "headers": found.headers, "body": body}

    def _client(self) -> Client:
        host = self.environment.host
        base = DESK.url if host in (None, "", _NOWHERE) else host
        if base not in CLIENTS:
            CLIENTS[base] = Client(base)
        return CLIENTS[base]

    def _tell(
        self,
        job: dict[str, Any],
        began: float,
        size: int = 0,
        error: BaseException | None = None,
    ) -> None:
        """Tell Locust, for its pages."""
        self.environment.events.request.fire(
            request_type=job["method"],
            name="turn",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=size,
            exception=error,
            context={},
        )


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


events.init_command_line_parser.add_listener(plain.add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(plain.introduced(DESK))  # type: ignore[no-untyped-call]
