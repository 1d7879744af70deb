"""Opens the agent of a suite, of whichever kind it is."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import open_asgi
from evalkit.agents.base import Agent, Reply, Turn
from evalkit.agents.command import open_command
from evalkit.agents.hosting import first_line
from evalkit.agents.http import open_http
from evalkit.agents.living import Kill, Lasting, Process, restartable
from evalkit.agents.mailbox import Mailbox
from evalkit.agents.python import open_python
from evalkit.agents.receiving import receiver_of
from evalkit.live.surroundings import Surroundings
from evalkit.suite import model


@asynccontextmanager
async def open_agent(
    settings: model.Agent,
    folder: Path,
    mailbox: Mailbox | None = None,
    surroundings: Surroundings | None = None,
) -> AsyncIterator[Agent]:
    """The agent of a suite that lies in `folder`, for the length of a world. What it calls back
    with comes to the mailbox. In a live world, which gives its `surroundings`, it is a process.

    Its replies bear their answers. Raises `StartError` where there is no agent to be had.
    """
    teller = AnswerTeller(settings.answer_from)
    if surroundings is not None:
        async with _open_outside(settings, folder, mailbox or Mailbox(), surroundings) as outside:
            yield _Told(outside, teller)
        return
    if settings.python is not None:
        async with open_python(settings.python, folder) as python:
            yield _Told(python, teller)
    elif settings.asgi is not None:
        async with open_asgi(settings.asgi, folder, settings, mailbox or Mailbox()) as asgi:
            yield _Told(asgi, teller)
    else:
        raise ValueError("an agent that is a process of its own runs in a live world only")


def _open_outside(
    settings: model.Agent, folder: Path, mailbox: Mailbox, surroundings: Surroundings
) -> AbstractAsyncContextManager[Agent]:
    """The agent as a process. A Python agent is hosted by one of ours."""
    if settings.http is not None:
        return open_http(settings, folder, mailbox, surroundings)
    if settings.command is not None:
        return open_command(settings.command, folder, surroundings)
    assert settings.python is not None, "live, an ASGI agent is served"
    host = [sys.executable, "-P", "-c", "from evalkit.agents.hosting import main; main()"]
    return open_command(host, folder, surroundings, first=first_line(settings, folder.resolve()))


@asynccontextmanager
async def open_process(
    settings: model.Agent,
    folder: Path,
    kill_by: Callable[[Kill], None] | None,
    mailbox: Mailbox | None = None,
    surroundings: Surroundings | None = None,
) -> AsyncIterator[Process]:
    """The same as a process. Where `kill_by` is given, it is told what kills it."""
    if kill_by is None:
        async with open_agent(settings, folder, mailbox, surroundings) as agent:
            yield Lasting(agent)
        return
    async with restartable(lambda: open_agent(settings, folder, mailbox, surroundings)) as process:
        kill_by(process.kill)
        yield process


class _Told:
    """An agent whose replies bear their answers."""

    def __init__(self, agent: Agent, teller: AnswerTeller) -> None:
        self._agent = agent
        self._teller = teller
        self.receiver = receiver_of(agent)
        self.process = getattr(agent, "process", None)  # that which serves it, if one does

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says, with its answer."""
        return self._teller.told(await self._agent.reply(turn))
