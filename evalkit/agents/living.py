"""An agent as a process: it has a life, which may end, and then another.

Here an agent dies as a killed process does, as far as that can be had inside one process:

* Its connections break, and from then on nothing of it reaches the network any more. Only then are
  its tasks cancelled: what their `finally` blocks do, they do alone. A lifespan is not shut down.
* It is down for a modelled time. Then it is built anew: its module and all that was imported from
  the suite's folder are imported again, its context manager is entered or its lifespan started
  again. What installed packages keep in their own modules is kept.
* Threads cannot be ended. What runs in one goes on until it is through, without a network.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from evalkit.agents.base import Agent
from evalkit.errors import StartError
from evalkit.world.clock import NS, Clock
from evalkit.world.lives import LIFE, Life

GRACE_S = 1.0
"""Seconds of world time that what was cancelled has to end."""

Kill: TypeAlias = Callable[[object, int], None]
"""Ends a life because of a cause; the next begins so many nanoseconds later."""

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Agent]]


class AgentDown(Exception):
    """The agent died and does not come up again."""


@dataclass(frozen=True, slots=True)
class Living:
    """An agent while it lives; `life` is None where nothing can end it before its world."""

    agent: Agent
    life: Life | None = None


class Process(Protocol):
    """What turns are given to."""

    async def living(self, limit: int) -> Living | None:
        """The agent, once it is up; None if that is not by `limit`, in nanoseconds of world time.

        Raises `AgentDown` where it does not come up again.
        """
        ...


class Lasting:
    """An agent that lives as long as its world."""

    def __init__(self, agent: Agent) -> None:
        self._living = Living(agent)

    async def living(self, limit: int) -> Living | None:
        """The agent."""
        del limit
        return self._living


class Restartable:
    """An agent that can be killed, and then is built anew."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()  # no session is in it
        self._up: asyncio.Future[Living]
        self._life: Life
        self._leaving: asyncio.Event
        self._host: asyncio.Task[None]
        self._again: asyncio.Task[None] | None = None

    async def living(self, limit: int) -> Living | None:
        """The agent, once it is up; None if that is not by `limit`, in nanoseconds of world time.

        Raises `AgentDown` where it does not come up again.
        """
        if not (up := self._up).done():
            await asyncio.wait({up}, timeout=(limit - self._now()) / NS)
        if not up.done():
            return None
        if (error := up.exception()) is not None:
            raise AgentDown(f"the agent did not come up again: {error}")
        return up.result()

    async def begin(self) -> None:
        """Build it. Raises `StartError` where that fails."""
        self._up = self._loop.create_future()
        self._build()
        await asyncio.shield(self._up)

    def kill(self, cause: object, takes: int) -> None:
        """End its life because of `cause`, and begin another `takes` nanoseconds from now."""
        due = self._now() + takes
        self._up = self._loop.create_future()
        self._up.add_done_callback(_seen)
        anew = self._build_again(self._life.end(cause), due)
        self._again = self._loop.create_task(anew, context=self._context.copy())

    async def end(self) -> None:
        """Close it in order, or whatever is left of it."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
        self._leaving.set()
        await asyncio.wait({self._host})
        if not self._life.over and not self._host.cancelled():
            self._host.result()

    def _now(self) -> int:
        return Clock.moment(self._loop.time())

    def _build(self) -> None:
        self._life, self._leaving = Life(), asyncio.Event()
        context = self._context.copy()
        context.run(LIFE.set, self._life)
        host = self._live(self._life, self._up, self._leaving)
        self._host = self._loop.create_task(host, context=context)

    async def _live(self, life: Life, up: asyncio.Future[Living], leaving: asyncio.Event) -> None:
        """One life, from the opening to the close; in a task that is part of it."""
        try:
            async with self._opening() as agent:
                up.set_result(Living(agent, life))
                await leaving.wait()
        except (Exception, asyncio.CancelledError) as error:
            if up.done():
                raise
            ended = isinstance(error, asyncio.CancelledError)
            up.set_exception(StartError("it was cancelled while it started") if ended else error)

    async def _build_again(self, running: tuple[asyncio.Task[Any], ...], due: int) -> None:
        """Build it anew when it is due, once nothing is left of it that can be ended."""
        ending = [each for each in running if each.get_loop() is self._loop]
        await asyncio.wait(ending, timeout=GRACE_S)
        if not self._host.done():
            self._up.set_exception(StartError("it does not end when its tasks are cancelled"))
            return
        await _reach(due)
        self._build()


@asynccontextmanager
async def restartable(opening: Opening) -> AsyncIterator[Restartable]:
    """An agent that can be killed, for the length of a world.

    Raises `StartError` where it cannot be started the first time.
    """
    process = Restartable(opening)
    try:
        await process.begin()
        yield process
    finally:
        await process.end()


async def _reach(moment: int) -> None:
    loop = asyncio.get_running_loop()
    reached = loop.create_future()
    timer = loop.call_at(Clock.loop_time(moment), reached.set_result, None)
    try:
        await reached
    finally:
        timer.cancel()


def _seen(up: asyncio.Future[Living]) -> None:
    """That it did not come up again is told to those who wait for it; there may be none."""
    if not up.cancelled():
        up.exception()
