"""The world's threads take turns: one runs at a time, so that their interleaving repeats.

A thread keeps its turn until it finishes or blocks. Instead of blocking, it parks with a question
that tells when it can go on (see `evalkit.world.blocking`), and gives the turn back. The thread of
the event loop hands out turns in the order in which the threads parked, whenever the loop looks
for something to do, and while it is itself blocked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from evalkit.world.clock import Clock, nanoseconds
from evalkit.world.swap import swap_of

_really_acquire = swap_of(threading.Lock().acquire)
_really_sleep = swap_of(time.sleep)

_MOST_UNWINDINGS = 10_000  # a thread may catch what unwinds it and wait again
_BRIEFLY = 0.001  # real seconds to wait for a thread that is not the world's
_GRACE = 1.0  # real seconds that a thread has to give its turn back after an interruption


class WorldEnded(BaseException):
    """Raised in a thread that still waits when its world ends."""


@dataclass(slots=True, eq=False)
class Parked:
    """A thread that waits for its turn, and what else it waits for."""

    ready: Callable[[], bool]
    deadline: int | None = None
    gate: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        _really_acquire(self.gate)

    def can_go_on(self, now: int) -> bool:
        """Whether what it waits for is there, or will not be waited for any longer."""
        return self.ready() or (self.deadline is not None and now >= self.deadline)


class Turns:
    """Hands out turns to the threads of one world. `blocked` is told when the loop's thread has
    let world time pass instead of yielding to the loop.
    """

    def __init__(self, clock: Clock, blocked: Callable[[str, int], None]) -> None:
        self._clock = clock
        self._blocked = blocked
        self._loop_thread: int | None = None
        self._members: set[int] = set()
        self._blocking: set[int] = set()
        self._parked: list[Parked] = []
        self._back = threading.Lock()
        self._finished: threading.Thread | None = None
        self.ended = False

    def in_world(self) -> bool:
        """Whether the calling thread is one of the world's."""
        return threading.get_ident() in self._members

    def takes_turns(self) -> bool:
        """Whether the calling thread parks instead of blocking."""
        me = threading.get_ident()
        return me in self._members and me not in self._blocking

    @contextmanager
    def really_blocking(self) -> Iterator[None]:
        """Let the calling thread block, as the interpreter's own code about threads must."""
        me = threading.get_ident()
        outermost = me not in self._blocking
        self._blocking.add(me)
        try:
            yield
        finally:
            if outermost:
                self._blocking.discard(me)

    def begin(self) -> None:
        """Claim the calling thread as the loop's."""
        _really_acquire(self._back)
        self._loop_thread = threading.get_ident()
        self._members.add(self._loop_thread)

    def pause(self) -> None:
        """Let the loop's thread out of the world while its loop does not run."""
        self._members.discard(self._loop_thread or 0)

    def resume(self) -> None:
        """Take the loop's thread back in."""
        assert self._loop_thread is not None
        self._members.add(self._loop_thread)

    def shift(self, ns: int) -> None:
        """Have every thread that waits give up so much earlier: the clock was set back."""
        for parked in self._parked:
            if parked.deadline is not None:
                parked.deadline -= ns

    @property
    def waiting(self) -> int:
        """How many threads are parked."""
        return len(self._parked)

    def end(self) -> None:
        """Unwind the threads that still wait, and let go of the loop's."""
        self.ended = True
        for _ in range(_MOST_UNWINDINGS):
            if not self._parked:
                break
            self._grant(self._parked[0])
        self._members.clear()

    # Waiting -----------------------------------------------------------------------------------

    def deadline(self, seconds: float | None) -> int | None:
        """The world time that is so many seconds from now; None stays None.

        No wait is too short to move the clock: code that waits for the rest of a time which
        floats cannot tell from zero would wait for ever.
        """
        if seconds is None:
            return None
        return self._clock.now + (max(nanoseconds(seconds), 1) if seconds > 0 else 0)

    def sleep(self, seconds: float) -> None:
        """Let world time pass in the calling thread."""
        self.wait(lambda: False, self.deadline(seconds), "time.sleep")

    def wait(self, ready: Callable[[], bool], deadline: int | None, what: str) -> bool:
        """Wait in the calling thread until `ready` holds; False if `deadline` came first."""
        if ready():
            return True
        if threading.get_ident() == self._loop_thread:
            return self._wait_in_loop(ready, deadline, what)
        parked = Parked(ready, deadline)
        self._parked.append(parked)
        self._back.release()
        _really_acquire(parked.gate)
        if ready():
            return True
        if self.ended:
            raise WorldEnded
        return False

    # A thread's way into the world and out of it -----------------------------------------------

    def queue(self, parked: Parked) -> None:
        """Queue up a thread that is about to begin."""
        self._parked.append(parked)

    def enter(self, parked: Parked) -> None:
        """Begin, in the new thread, when its turn has come."""
        _really_acquire(parked.gate)
        self._members.add(threading.get_ident())

    def leave(self) -> None:
        """Finish: give the turn back for good."""
        self._members.discard(threading.get_ident())
        self._finished = threading.current_thread()
        self._back.release()

    # The loop's thread -------------------------------------------------------------------------

    def next_deadline(self) -> int | None:
        """The earliest world time at which a parked thread gives up waiting."""
        deadlines = [each.deadline for each in self._parked if each.deadline is not None]
        return min(deadlines, default=None)

    def run(self) -> bool:
        """Give each thread that can go on one turn. Whether there was any."""
        ran = False
        if not self._parked:
            return ran
        for parked in tuple(self._parked):
            if parked.can_go_on(self._clock.now):
                self._grant(parked)
                ran = True
        return ran

    def _grant(self, parked: Parked) -> None:
        self._parked.remove(parked)
        parked.gate.release()
        self._take_back()
        finished, self._finished = self._finished, None
        if finished is not None:
            # Only the interpreter's own last steps are left of it. They have to be over before
            # anyone looks whether it is alive.
            with self.really_blocking():
                threading.Thread.join(finished)

    def _take_back(self) -> None:
        try:
            _really_acquire(self._back)
        except BaseException:  # an interrupt; no two threads may run at once all the same
            with suppress(BaseException):
                _really_acquire(self._back, True, _GRACE)
            raise

    def _wait_in_loop(self, ready: Callable[[], bool], deadline: int | None, what: str) -> bool:
        began = self._clock.now
        try:
            while not ready():
                if self.run():
                    continue
                if deadline is not None and self._clock.now >= deadline:
                    return False
                self._pass_time(deadline)
            return True
        finally:
            if self._clock.now > began:
                self._blocked(what, self._clock.now - began)

    def _pass_time(self, deadline: int | None) -> None:
        moments = [each for each in (deadline, self.next_deadline()) if each is not None]
        if moments:
            self._clock.move_to(min(moments))
        else:  # only a thread that is not the world's can end this
            _really_sleep(time, _BRIEFLY)
