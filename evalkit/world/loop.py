"""The event loop of the world: asyncio's own, with a clock that jumps and a network in memory.

Nothing of asyncio's scheduling is replaced: what differs is where the loop waits (it never does:
when nothing can run, the clock moves to the next timer) and what it connects to (see
`evalkit.world.networked`).
"""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from evalkit.world.clock import NS, Clock
from evalkit.world.deadlock import deadlock
from evalkit.world.lives import life_in
from evalkit.world.network import MemoryNetwork
from evalkit.world.networked import NetworkedLoop
from evalkit.world.sequence import Sequence
from evalkit.world.turns import Turns

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_IDLE_POLL = 0.01  # real seconds between looks for what threads outside of the world may post
_MOST_ROUNDS = 10_000  # of the loop without any time passing
_WORKERS = 32  # the size of asyncio's own default executor depends on the machine


class WorldFuture(asyncio.Future[Any]):
    """A future that is hashed by its sequence number."""

    def __init__(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class WorldTask(asyncio.Task[Any]):
    """A task that is hashed by its sequence number."""

    def __init__(self, number: int, coro: Any, **kwargs: Any) -> None:
        self._number = number
        super().__init__(coro, **kwargs)

    def __hash__(self) -> int:
        return self._number


class WorldTimer(asyncio.TimerHandle):
    """A timer that is due after those that were set before it for the same moment."""

    __slots__ = ("_order",)

    _when: float

    def __init__(self, order: int, *args: Any) -> None:
        self._order = order
        super().__init__(*args)

    def __lt__(self, other: Any) -> bool:
        """Whether it comes first. No time passes between two lines of code here; where some does,
        a limit around another of the same length is over before that.
        """
        mine, its = self._when, other._when
        return bool(mine < its or (mine == its and self._order < other._order))


class _Selector(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    loop: WorldLoop

    def __init__(self) -> None:
        super().__init__()
        self._files = self.get_map()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        busy = self.loop.begin_round() or timeout == 0
        # One registered file is the loop's own pipe, which nobody needs to be woken by.
        files = len(self._files) > 1
        if busy or self.loop.has_ready():
            return super().select(0) if files else []
        if files and (events := super().select(0)):
            return events
        if self.loop.let_time_pass():
            return []
        self.loop.nothing_is_due(_IDLE_POLL)
        return super().select(_IDLE_POLL)


class WorldLoop(NetworkedLoop):
    """asyncio's loop on the world's clock, threads and network.

    A world has one in the thread that runs it. A thread of the agent's that calls `asyncio.run`
    gets one too; where that has nothing to do, its thread gives its turn back.
    """

    def __init__(
        self,
        clock: Clock,
        turns: Turns,
        network: MemoryNetwork,
        sequence: Sequence,
        *,
        leading: bool = True,
        patience: float | None = None,
    ) -> None:
        selector = _Selector()
        selector.loop = self
        self.clock = clock
        self._turns = turns
        self._sequence = sequence
        self._step = sequence.step
        self._leading = leading
        self._patience = patience
        self._idle = 0.0
        self._reached = 0.0
        self._told, self._told_at = 0.0, -1  # what `time` told last, and the moment of that
        self._moment = self._rounds = self._timers = 0
        super().__init__(network, selector)
        self._clock_resolution = 1 / NS
        self.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="asyncio"))

    # Time --------------------------------------------------------------------------------------

    def time(self) -> float:
        """What `time.monotonic` tells in the world, in seconds."""
        moment = self.clock.now
        if moment != self._told_at:
            self._told_at = moment
            self._told = max(self._reached, Clock.loop_time(moment))
        return self._told

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As asyncio's; timers for the same moment are due in the order in which they were set."""
        self._check_closed()  # type: ignore[attr-defined]
        self._timers += 1
        timer = WorldTimer(self._timers, when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def has_ready(self) -> bool:
        """Whether a callback is due."""
        return bool(self._ready)  # type: ignore[attr-defined]

    def begin_round(self) -> bool:
        """Give the world's threads their turns. Whether any took one."""
        self._step()
        if self.clock.now != self._moment:
            self._moment, self._rounds = self.clock.now, 0
        self._rounds += 1
        if self._idle and self.has_ready():
            self._idle = 0.0
        if self._rounds > _MOST_ROUNDS:
            # Code that waits for less than a float of its clock can tell would wait for ever.
            self.clock.move_to(self._moment + 1)
        return self._leading and self._turns.run()

    def nothing_is_due(self, waited: float) -> None:
        """Take note of so many real seconds of waiting. Raises `DeadlockError` where that is over
        the patience: every task waits for something that nothing is going to bring about.
        """
        self._idle += waited
        if self._patience is not None and self._idle > self._patience:
            self._idle = 0.0
            raise deadlock(asyncio.all_tasks(self), self._turns.waiting)

    def let_time_pass(self) -> bool:
        """Move the clock to the next moment at which something is due; False if there is none."""
        when = self._next_timer()
        timer = None if when is None else self.clock.moment(when)
        if self._leading:
            moments = [each for each in (timer, self._turns.next_deadline()) if each is not None]
            if not moments:
                return False
            self.clock.move_to(min(moments))
        else:
            self._turns.wait(self.has_ready, timer, "waiting for an event loop in a thread")
        if when is not None and timer is not None and self.clock.now >= timer:
            # Whoever set the timer may compare its time, a float, with this loop's.
            self._reached = when
            self._told_at = -1
            # What asyncio adds to the time when it looks which timers are due.
            self._clock_resolution = max(1 / NS, 2 * math.ulp(when))
        return True

    def _next_timer(self) -> float | None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if not scheduled:
            return None
        first = scheduled[0]
        # A thread may have cancelled it since the loop last looked.
        return self.time() if first.cancelled() else float(first.when())

    def set_back(self, seconds: float) -> None:
        """The clock was set back by so much: every timer comes so much earlier."""
        for timer in self._scheduled:  # type: ignore[attr-defined]
            timer._when -= seconds
        self._reached, self._told_at = 0.0, -1
        self._moment = self._rounds = 0
        self._clock_resolution = 1 / NS

    # Tasks and futures -------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        """A future with a repeatable hash."""
        return WorldFuture(self._sequence.next("future"), self)

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """A task with a repeatable hash, part of the life in its context."""
        task = self._made(coro, **kwargs)
        if (life := life_in(kwargs.get("context"))) is not None:
            life.adopt(task)
        return task

    def _made(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        if self.get_task_factory() is not None:
            return super().create_task(coro, **kwargs)
        self._check_closed()  # type: ignore[attr-defined]
        return WorldTask(self._sequence.next("task"), coro, loop=self, **kwargs)


def run_to_end(loop: WorldLoop, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on the loop, then end what is left over and close the loop."""
    try:
        return loop.run_until_complete(main)
    finally:
        loop.set_task_factory(None)  # the agent's is not for the world's own
        try:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.hang_up())
        finally:
            # Not waiting for the threads of its executor: they may wait for ever.
            loop.close()


def _cancel_all(loop: WorldLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        # One that will not be cancelled must not keep the world from ending.
        loop.run_until_complete(asyncio.wait(left, timeout=1))
    for task in left:
        if not task.done():
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        elif not task.cancelled():
            task.exception()
