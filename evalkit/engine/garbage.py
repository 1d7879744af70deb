"""Keeps the garbage collector from stopping a load for long.

A full collection looks at every object that there is: with the records of a hundred thousand calls
it takes a third of a second, in which nothing is served. So what has come about is put aside every
so often, where no collection looks (`gc.freeze`). What nothing refers to any more is given back
there too, by its count of references; only what refers to itself in a circle is not. All of it is
looked at as soon as the process takes twice the room that it took the last time.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

EVERY = 1.0  # seconds


def _room() -> int:
    """The most memory that this process has taken so far, in units of the system's."""
    import resource  # where there are processes to fork

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Aside:
    """Puts what there is aside, from `begin` to `end`. `room` tells how much there is."""

    def __init__(self, room: Callable[[], int] = _room) -> None:
        self._room = room
        self._known = 0
        self._timer: asyncio.TimerHandle | None = None
        self.full = 0
        """How many times all was looked at."""

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put what there is aside, and from now on what comes about."""
        gc.collect()
        self._known = self._room()
        self._put(loop)

    def end(self) -> None:
        """Put no more aside. What is stays there, until nothing refers to it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _put(self, loop: asyncio.AbstractEventLoop) -> None:
        if (room := self._room()) > 2 * self._known:
            gc.unfreeze()
            gc.collect()
            self._known = room
            self.full += 1
        gc.freeze()
        self._timer = loop.call_later(EVERY, self._put, loop)
