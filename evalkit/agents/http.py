"""An agent that is served over HTTP, by a process that evalkit starts or one that is there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from evalkit.agents.asgi import AsgiAgent, agent_at
from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.calling import AgentRequest
from evalkit.agents.client import HttpCaller
from evalkit.agents.mailbox import Mailbox
from evalkit.agents.receiving import Receiver
from evalkit.errors import StartError
from evalkit.live.network import LOOPBACK
from evalkit.live.process import Process, how_it_ended, start_process
from evalkit.live.surroundings import Surroundings
from evalkit.suite import model
from evalkit.suite.outside import PORT, HttpAgent
from evalkit.units import format_duration
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS
from evalkit.world.lives import LIFE

_EVERY = 0.02  # real seconds from one look whether it is up to the next
_LOOK = 2.0  # real seconds that one look may take


class ServedAgent:
    """Gives turns to a served agent, and says what became of its process where they fail."""

    def __init__(
        self, agent: AsgiAgent, process: Process | None, surroundings: Surroundings
    ) -> None:
        self._agent = agent
        self.process = process
        """That which serves it, if it was started here."""
        self._surroundings = surroundings
        self.receiver: Receiver = agent.receiver

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says."""
        caller = CALLER.get()
        assert caller is not None, "a turn is given on behalf of a session"
        with self._surroundings.attribution.turn(caller):
            try:
                return await self._agent.reply(turn)
            except AgentFailed as error:
                raise await self._told(error) from error

    async def _told(self, error: AgentFailed) -> AgentFailed:
        """The error, or that the process has ended if it has: that is heard a moment later."""
        if self.process is None:
            return error
        await asyncio.wait({self.process.ended}, timeout=0.1)
        if self.process.running:
            return error
        how = how_it_ended(self.process.ended.result())
        return AgentFailed(f"the agent's process {how}")


@asynccontextmanager
async def open_http(
    settings: model.Agent, folder: Path, mailbox: Mailbox, surroundings: Surroundings
) -> AsyncIterator[ServedAgent]:
    """The agent at a URL, started for the length of a world if the suite says how.

    Raises `StartError` where it does not come up.
    """
    http = settings.http
    assert http is not None
    port = surroundings.port = free_port(surroundings.port)
    url = PORT.sub(str(port), http.url)
    caller = HttpCaller(url, surroundings.attribution)
    agent = agent_at(caller, settings, mailbox, surroundings.urls)
    if http.start is None:
        await _up(caller, http, None, surroundings)
        yield ServedAgent(agent, None, surroundings)
        return
    await _check_free(url)
    process = await start_process(
        [PORT.sub(str(port), word) for word in http.start],
        folder=folder,
        environment=surroundings.environment(0, url),
        output=surroundings.output,
    )
    async with supervised(process, surroundings):
        await _up(caller, http, process, surroundings)
        yield ServedAgent(agent, process, surroundings)


@asynccontextmanager
async def supervised(process: Process, surroundings: Surroundings) -> AsyncIterator[None]:
    """The process, for the length of a life: with a life that ends it is killed, else stopped."""
    life = LIFE.get()
    if life is not None:
        life.ending(process.kill)
    surroundings.lives.current = life
    try:
        yield
    finally:
        if life is not None and life.over:
            process.kill()
            await process.gone()
        else:
            await process.stop()


def free_port(wanted: int = 0) -> int:
    """A port on loopback that nobody listens at just now: the one that is wanted, if it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections linger
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def _check_free(url: str) -> None:
    """Raise `StartError` where something answers already: it would be tested in its place."""
    if await _listens(url):
        raise StartError(
            f"something listens at {url} already, before the agent was started",
            hint="end it, or leave `start` out to test it as it is; `{{ port }}` is a free port",
        )


async def _up(
    caller: HttpCaller, http: HttpAgent, process: Process | None, surroundings: Surroundings
) -> None:
    """Wait until the agent is up. Raises `StartError` where it does not come up in time."""
    last = ""
    try:
        async with asyncio.timeout(http.within / NS):
            while (last := await _not_up(caller, http)) != "":
                if process is not None and not process.running:
                    raise StartError(_died(process, surroundings))
                await asyncio.sleep(_EVERY)
    except TimeoutError:
        message = f"the agent was not up within {format_duration(http.within)}: {last}"
        raise StartError(with_output(message, surroundings)) from None


def _died(process: Process, surroundings: Surroundings) -> str:
    if process.failed is not None:
        return f"the agent's process cannot be started: {process.failed}"
    how = how_it_ended(process.ended.result())
    return with_output(f"the agent's process {how} before it was up", surroundings)


def with_output(message: str, surroundings: Surroundings) -> str:
    """A message with the last that the agent printed."""
    tail = surroundings.output.tail()
    return f"{message}; the last that it printed:\n{tail}" if tail else message


async def _not_up(caller: HttpCaller, http: HttpAgent) -> str:
    """Why it is not up; empty where it is."""
    if http.ready is None:
        return "" if await _listens(caller.url) else f"nothing listens at {caller.url}"
    try:
        async with asyncio.timeout(_LOOK):
            response = await caller.call(AgentRequest(method="GET", target=http.ready))
    except AgentFailed as error:
        return str(error)
    except TimeoutError:
        return f"GET {http.ready} was not answered within {_LOOK:g} s"
    good = 200 <= response.status < 300
    return "" if good else f"GET {http.ready} was answered {response.status}"


async def _listens(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_LOOK):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True
