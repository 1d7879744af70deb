"""Opens the agent of a suite, of whichever kind it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import open_asgi
from evalkit.agents.base import Agent, Reply, Turn
from evalkit.agents.living import Kill, Lasting, Process, restartable
from evalkit.agents.mailbox import Mailbox
from evalkit.agents.python import open_python
from evalkit.agents.receiving import receiver_of
from evalkit.suite import model


@asynccontextmanager
async def open_agent(
    settings: model.Agent, folder: Path, mailbox: Mailbox | None = None
) -> AsyncIterator[Agent]:
    """The agent of a suite that lies in `folder`, for the length of a world. What it calls back
    with comes to the mailbox.

    Its replies bear their answers. Raises `StartError` where there is no agent to be had.
    """
    teller = AnswerTeller(settings.answer_from)
    if settings.python is not None:
        async with open_python(settings.python, folder) as python:
            yield _Told(python, teller)
    elif settings.asgi is not None:
        async with open_asgi(settings.asgi, folder, settings, mailbox or Mailbox()) as asgi:
            yield _Told(asgi, teller)
    else:
        raise ValueError("an agent is `python` or `asgi`")


@asynccontextmanager
async def open_process(
    settings: model.Agent,
    folder: Path,
    kill_by: Callable[[Kill], None] | None,
    mailbox: Mailbox | None = None,
) -> AsyncIterator[Process]:
    """The same as a process. Where `kill_by` is given, it is told what kills it."""
    if kill_by is None:
        async with open_agent(settings, folder, mailbox) as agent:
            yield Lasting(agent)
        return
    async with restartable(lambda: open_agent(settings, folder, mailbox)) as process:
        kill_by(process.kill)
        yield process


class _Told:
    """An agent whose replies bear their answers."""

    def __init__(self, agent: Agent, teller: AnswerTeller) -> None:
        self._agent = agent
        self._teller = teller
        self.receiver = receiver_of(agent)

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says, with its answer."""
        return self._teller.told(await self._agent.reply(turn))
