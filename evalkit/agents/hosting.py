"""A process that hosts a Python agent for a live world, and speaks JSON lines about it.

Its first line of input says which agent; what follows are turns (see `evalkit.agents.command`). An
agent that is a synchronous function is called in the process's main thread: there is nothing else
that it could hold up. What the agent prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.base import Agent, AgentFailed, Reply, Session, Turn
from evalkit.agents.python import open_python
from evalkit.errors import StartError
from evalkit.suite import model

_LIMIT = 64 * 1024 * 1024


def first_line(settings: model.Agent, folder: Path) -> Mapping[str, Any]:
    """What tells a host its agent."""
    told = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name in ("stall_after", "env"):
        told.pop(name, None)
    return {"agent": told, "folder": str(folder)}


def main() -> None:
    """Host the agent until the input ends."""
    said = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the agent prints is not for the one that reads our lines
    asyncio.run(_host(said))


async def _host(said: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    first = json.loads(await reader.readline())
    settings = model.Agent.model_validate(first["agent"])
    folder = Path(first["folder"])
    try:
        assert settings.python is not None
        async with open_python(settings.python, folder, blocking=True) as agent:
            _say(said, {"ready": True})
            await _serve(_Host(agent, AnswerTeller(settings.answer_from), said), reader)
    except StartError as error:
        _say(said, {"failed": str(error)})


async def _serve(host: _Host, reader: asyncio.StreamReader) -> None:
    while line := await reader.readline():
        told = json.loads(line)
        if "cancel" in told:
            host.cancel(told["cancel"])
        else:
            host.begin(told)
    await host.close()


class _Host:
    """Gives turns to the agent."""

    def __init__(self, agent: Agent, teller: AnswerTeller, said: BinaryIO) -> None:
        self._agent = agent
        self._teller = teller
        self._said = said
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, told: Mapping[str, Any]) -> None:
        """A turn."""
        session = Session(id=told["session"]["id"], vars=told["session"]["vars"])
        turn = Turn(input=told["input"], number=told["number"], session=session)
        task = asyncio.ensure_future(self._turn(told["id"], turn))
        self._tasks[told["id"]] = task
        task.add_done_callback(lambda _: self._tasks.pop(told["id"], None))

    def cancel(self, number: int) -> None:
        """Nobody waits for a turn any more."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()

    async def close(self) -> None:
        """End what is under way."""
        for each in tuple(self._tasks.values()):
            each.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _turn(self, number: int, turn: Turn) -> None:
        try:
            reply = self._teller.told(await self._agent.reply(turn))
            _say(self._said, {"id": number, **_written(reply)})
        except asyncio.CancelledError:
            _say(self._said, {"id": number, "error": "the turn was cancelled"})
            raise
        except AgentFailed as error:
            _say(self._said, {"id": number, "error": str(error)})
        except Exception as error:
            what = traceback.format_exception_only(error)[-1].strip()
            _say(self._said, {"id": number, "error": what, "traceback": traceback.format_exc()})


def _written(reply: Reply) -> Mapping[str, Any]:
    return {
        "text": reply.text,
        "answer": None if reply.answer is None else reply.answer.value,
        "confidence": reply.confidence,
        "context": dict(reply.context),
    }


def _say(said: BinaryIO, what: Mapping[str, Any]) -> None:
    said.write(json.dumps(what, ensure_ascii=False, default=str).encode() + b"\n")


if __name__ == "__main__":
    main()
