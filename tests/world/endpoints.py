"""Worlds for tests: endpoints that answer and remember, and a way to run code among them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from evalkit.journal.records import Finding, Outcome
from evalkit.wire import Caller, Reply, Request, Step
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from evalkit.world.endpoint import Admission, Endpoint
from evalkit.world.world import World

T = TypeVar("T")

HOST = "api.test"
MS = 1_000_000
SECOND = 1_000_000_000

Handler = Callable[[Request], Awaitable[Reply | None]]


@dataclass
class Answering:
    """An endpoint that answers with `handler` and remembers what happened."""

    handler: Handler
    admission: Admission = field(default_factory=Admission)
    waits: bool = True
    requests: list[Request] = field(default_factory=list)
    sessions: list[str | None] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    played: list[Step] = field(default_factory=list)

    def connecting(self) -> Admission:
        return self.admission

    def open(self, request: Request) -> _Exchange:
        caller = CALLER.get()
        self.requests.append(request)
        self.sessions.append(None if caller is None else caller.session)
        return _Exchange(self, request, self.waits)


@dataclass
class _Exchange:
    endpoint: Answering
    request: Request
    waits: bool

    async def reply(self) -> Reply | None:
        return await self.endpoint.handler(self.request)

    def played(self, step: Step) -> None:
        self.endpoint.played.append(step)

    def closed(self, outcome: Outcome, sent: int) -> None:
        self.endpoint.outcomes.append(outcome)
        self.endpoint.sent.append(sent)


def always(reply: Reply | None) -> Answering:
    """An endpoint that always gives the same reply."""

    async def handler(_: Request) -> Reply | None:
        return reply

    return Answering(handler, waits=False)


def in_turn(*replies: Reply | None) -> Answering:
    """An endpoint that gives these replies one after the other, and the last for ever."""
    left = list(replies)

    async def handler(_: Request) -> Reply | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return Answering(handler, waits=False)


@dataclass(frozen=True)
class Ran(Generic[T]):
    """What came of a run."""

    value: T
    world: World
    real_seconds: float

    @property
    def now(self) -> int:
        """World time at the end, in nanoseconds."""
        return self.world.clock.now

    @property
    def opened(self) -> int:
        """How many connections were opened."""
        return self.world.network.opened

    @property
    def findings(self) -> list[str]:
        """The messages of what the world found."""
        return [each.message for each in self.world.journal.records if isinstance(each, Finding)]


def run(
    main: Coroutine[Any, Any, T],
    at: Endpoint | Mapping[str, Endpoint] | None = None,
    *,
    seed: int = 0,
    **settings: Any,
) -> Ran[T]:
    """Run code in a world; one endpoint alone answers at `api.test`."""
    world = World(seed=seed, **settings)
    if at is not None:
        for host, endpoint in at.items() if isinstance(at, Mapping) else [(HOST, at)]:
            world.serve(host, endpoint)
    began = time.process_time()
    value = world.run(main)
    return Ran(value, world, time.process_time() - began)


async def on_behalf(session: str, work: Coroutine[Any, Any, T]) -> T:
    """Run code on behalf of a session. To be given to a task of its own."""
    CALLER.set(Caller(session=session, turn=1))
    return await work


class TelemetryThread(threading.Thread):
    """A thread like those of telemetry libraries, which are none of the world's."""

    __module__ = "langsmith.client"


def foreign_thread(target: Callable[[], object]) -> threading.Thread:
    """A thread that keeps real time when it is started in a world."""
    return TelemetryThread(target=target, daemon=True)


def passed() -> int:
    """Nanoseconds since the start of the world, as the running loop tells them."""
    return Clock.moment(asyncio.get_running_loop().time())
