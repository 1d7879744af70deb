"""Where agents that call back deliver their replies: an endpoint of the caller's, in the world.

Each turn has a URL of its own, which the request brings as `turn.callback_url`. The first callback
to it is the reply and gets a 204, any other a 409; a URL that nobody waits at is a 404.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from evalkit.agents.base import AgentFailed, Turn
from evalkit.agents.calling import Response
from evalkit.journal.records import Outcome
from evalkit.suite.hosts import CALLER_HOST
from evalkit.units import format_duration
from evalkit.wire import Head, Reply, Request, Step
from evalkit.world.clock import NS
from evalkit.world.endpoint import Admission


@dataclass(frozen=True, slots=True)
class Letter:
    """What is expected at a URL."""

    url: str
    _came: asyncio.Future[Response]

    async def come(self, within: int | None) -> Response:
        """What was delivered. Raises `AgentFailed` if that is not within so many nanoseconds."""
        done, _ = await asyncio.wait({self._came}, timeout=None if within is None else within / NS)
        if not done:
            limit = format_duration(within or 0)
            raise AgentFailed(f"the agent did not call back within {limit}")
        return self._came.result()


class Mailbox:
    """Takes what agents deliver. It is an endpoint of the world's network."""

    def __init__(self, url: str = f"http://{CALLER_HOST}") -> None:
        self.url = url
        self._expected: dict[str, asyncio.Future[Response]] = {}

    @contextmanager
    def expecting(self, turn: Turn) -> Iterator[Letter]:
        """Expect the reply to a turn, as long as this is entered."""
        path = f"/replies/{turn.session.id}/{turn.number}"
        came: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._expected[path] = came
        try:
            yield Letter(f"{self.url}{quote(path)}", came)
        finally:
            if self._expected.get(path) is came:
                del self._expected[path]

    def connecting(self) -> Admission:
        """Every connection is accepted."""
        return Admission()

    def open(self, request: Request) -> _Taking:
        """Take what is delivered."""
        came = self._expected.get(request.path)
        if came is None:
            return _Taking(_refusal(404, "no turn expects a reply here"))
        if came.done():
            return _Taking(_refusal(409, "the reply to this turn is here already"))
        came.set_result(Response(status=200, headers=request.headers, body=request.body))
        return _Taking(Reply(status=204, plan=(Head(),)))


class _Taking:
    """One delivery; its answer is known at once."""

    waits = False

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def reply(self) -> Reply:
        """What the agent is answered."""
        return self._reply

    def played(self, step: Step) -> None:
        """Nothing follows from it."""

    def closed(self, outcome: Outcome, sent: int) -> None:
        """Nothing follows from it."""


def _refusal(status: int, message: str) -> Reply:
    return Reply.json({"error": message}, status=status)
