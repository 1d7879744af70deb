"""The event loop of a live world: its time is that of the world's clock, so that what is due at a
moment of the world is due at a time of the loop, as in a simulated one.

It is uvloop's where that is installed, else asyncio's. uvloop's timers count whole milliseconds of
the monotonic clock: where the kernel has finer ones, these take their place, else a due time is
rounded up to the next millisecond, so that nothing comes early.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any

from evalkit.live.clock import LiveClock
from evalkit.live.timers import Due, Timers
from evalkit.world.clock import NS
from evalkit.world.lives import life_in


def live_loop(clock: LiveClock, *, fast: bool = True) -> asyncio.AbstractEventLoop:
    """A new loop on this clock. `fast` allows uvloop."""
    if fast and (made := _fast_loop(clock)) is not None:
        return made
    return _PlainLoop(clock)


class _PlainLoop(asyncio.SelectorEventLoop):
    """asyncio's own."""

    def __init__(self, clock: LiveClock) -> None:
        self._world = clock
        super().__init__()

    def time(self) -> float:
        """The world's clock in seconds."""
        return self._world.monotonic / NS

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """A task that is part of the life in its context."""
        return _adopted(super().create_task(coro, **kwargs), kwargs.get("context"))


class _Fine(asyncio.AbstractEventLoop):
    """What is other than in uvloop's own: its clock, and finer timers where there are some."""

    world: LiveClock
    timers: Timers | None = None

    def time(self) -> float:
        """The world's clock in seconds."""
        return self.world.monotonic / NS

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call something at a moment, and not before."""
        if self.timers is None:
            delay = _whole_milliseconds(when - self.time())
            return self.call_later(delay, callback, *args, context=context)  # type: ignore[call-arg,unused-ignore]
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.timers.add(self.world.real(math.ceil(when * NS)), handle)
        return handle

    def call_due(self, due: int, call: Callable[[], object]) -> Due | asyncio.TimerHandle:
        """Call something at a moment in nanoseconds of `time`, and not before: what many wait for
        at once, so that it costs as little as can be. It has no context of its own.
        """
        if self.timers is None:
            return self.call_at(due / NS, call)
        return self.timers.at(self.world.real(due), call)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """What a timer tells its loop."""
        del handle
        if self.timers is not None:
            self.timers.given_up()

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """A task that is part of the life in its context."""
        made: asyncio.Task[Any] = super().create_task(coro, **kwargs)
        return _adopted(made, kwargs.get("context"))

    def close(self) -> None:
        """Let go of the timers too."""
        if self.timers is not None:
            self.timers.close()
            self.timers = None
        super().close()


def _fast_loop(clock: LiveClock) -> asyncio.AbstractEventLoop | None:
    try:
        import uvloop
    except ImportError:
        return None

    class FastLoop(_Fine, uvloop.Loop):  # type: ignore[misc,unused-ignore]
        """uvloop's."""

        world = clock

    made = FastLoop()
    made.timers = Timers.of(made)
    return made


def _whole_milliseconds(delay: float) -> float:
    """The delay in seconds that leads to the next whole millisecond of the monotonic clock at or
    after its end, counted from the last one before now.
    """
    if delay <= 0:
        return 0
    now = time.monotonic() * 1000
    return (math.ceil(now + delay * 1000) - math.floor(now)) / 1000


def _adopted(task: asyncio.Task[Any], context: Context | None) -> asyncio.Task[Any]:
    if (life := life_in(context)) is not None:
        life.adopt(task)
    return task
