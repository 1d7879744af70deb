"""Opens the agent of a suite, of whichever kind it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import open_asgi
from evalkit.agents.base import Agent, Reply, Turn
from evalkit.agents.python import open_python
from evalkit.suite import model


@asynccontextmanager
async def open_agent(settings: model.Agent, folder: Path) -> AsyncIterator[Agent]:
    """The agent of a suite that lies in `folder`, for the length of a world.

    Its replies bear their answers. Raises `StartError` where there is no agent to be had.
    """
    teller = AnswerTeller(settings.answer_from)
    if settings.python is not None:
        async with open_python(settings.python, folder) as python:
            yield _Told(python, teller)
    elif settings.asgi is not None:
        opening = open_asgi(settings.asgi, folder, settings.request, settings.reply)
        async with opening as asgi:
            yield _Told(asgi, teller)
    else:
        raise ValueError("an agent is `python` or `asgi`")


class _Told:
    """An agent whose replies bear their answers."""

    def __init__(self, agent: Agent, teller: AnswerTeller) -> None:
        self._agent = agent
        self._teller = teller

    async def reply(self, turn: Turn) -> Reply:
        """What the agent says, with its answer."""
        return self._teller.told(await self._agent.reply(turn))
