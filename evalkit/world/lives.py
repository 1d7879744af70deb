"""Lives: what runs as one process would, and ends with it.

A world is one process, and what it holds (the agent) may have to die in it as a process does. A
life knows its tasks and its connections: the tasks that were made in its context, and in theirs,
and the connections that these opened. When it ends, its connections break first, so that whatever
its tasks still do while they are cancelled reaches nobody. Without a life in context nothing is
kept, and nothing costs anything.

What a world cannot end are threads: a function that runs in one goes on until it is through, but it
finds no network either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

_FEW = 64


class Life:
    """The tasks and connections of one life. `cause` says why it ended; None while it goes on."""

    def __init__(self) -> None:
        self.cause: object | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._connections: list[asyncio.Transport] = []
        self._prune_at = _FEW
        self._cut_off: set[asyncio.Task[Any]] = set()
        self._endings: list[Callable[[], None]] = []

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.cause is not None

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Have a task end with this life."""
        self._tasks.append(task)
        if self.over:
            self._cut_off_now(task)
        elif len(self._tasks) > self._prune_at:
            self._tasks = [each for each in self._tasks if not each.done()]
            self._prune_at = max(_FEW, 2 * len(self._tasks))

    def connected(self, connection: asyncio.Transport) -> None:
        """Have a connection break with this life."""
        if len(self._connections) >= _FEW:
            self._connections = [each for each in self._connections if not each.is_closing()]
        self._connections.append(connection)

    def ending(self, kill: Callable[[], None]) -> None:
        """Have something outside end with this life."""
        self._endings.append(kill)

    def end(self, cause: object) -> tuple[asyncio.Task[Any], ...]:
        """Break its connections, then cancel its tasks, and give back those that were running."""
        self.cause = cause
        for kill in self._endings:
            kill()
        for connection in self._connections:
            connection.abort()
        running = tuple(each for each in self._tasks if not each.done())
        self._tasks, self._connections = list(running), []
        for task in running:
            self._cut_off_now(task)
        return running

    def cut_off(self, task: asyncio.Task[Any]) -> bool:
        """Whether the end of this life came before the task's."""
        return task in self._cut_off

    def _cut_off_now(self, task: asyncio.Task[Any]) -> None:
        self._cut_off.add(task)
        task.add_done_callback(_forget)
        _in_its_loop(task, task.cancel)


LIFE: ContextVar[Life | None] = ContextVar("evalkit_life", default=None)
"""The life that the running code is part of, if it may end before its world."""


def life_in(context: Context | None) -> Life | None:
    """The life of a context, or of the running code."""
    return LIFE.get() if context is None else context.get(LIFE)


def _in_its_loop(task: asyncio.Task[Any], call: Callable[[], object]) -> None:
    """A thread of the agent's may have brought a loop of its own."""
    loop = task.get_loop()
    if loop is asyncio._get_running_loop():
        call()
    elif not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _forget(task: asyncio.Task[Any]) -> None:
    """What a task raises that was ended from outside is nobody's concern."""
    if not task.cancelled():
        task.exception()
