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
from collections.abc import Iterator
from typing import Any, ClassVar

import gevent
from locust import FastHttpUser, LoadTestShape, constant, events, task
from locust.exception import StopUser

from evalkit.load import plain
from evalkit.load.desk import Desk, Refused

_NUMBERS = itertools.count(1)
_NOWHERE = "http://evalkit"

DESK = Desk()


class SessionUser(FastHttpUser):
    """Replays one session after another."""

    host = _NOWHERE  # where the agent is the desk says, unless Locust was told so
    wait_time = constant(0)
    insecure = False
    concurrency = 1
    network_timeout = connection_timeout = 24 * 3600.0  # each turn has its own

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
        host = self.environment.host
        base = DESK.url if host in (None, "", _NOWHERE) else host
        response = self.client.request(
            job["method"],
            base + job["target"],
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


events.init_command_line_parser.add_listener(plain.add_options)  # type: ignore[no-untyped-call]
events.init.add_listener(plain.introduced(DESK))  # type: ignore[no-untyped-call]
