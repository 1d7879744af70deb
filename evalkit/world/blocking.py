"""What blocks a thread under Python's `threading`, replaced so that the world's threads park.

Locks and `SimpleQueue` are written in C; everything else that waits for another thread (events,
conditions, semaphores, queues, futures, executors) is Python on top of them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from evalkit.world.swap import Replacement, Swap, swap_of
from evalkit.world.turns import Turns

_PATIENCE = 1.0  # real seconds that the world waits for a lock held by a thread not its own
_DOUBT = 0.005  # real seconds that it waits for one that such a thread may be about to hold


class Blocking:
    """The replacements for one world."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._held_outside: set[int] = set()
        self._wanted_outside: set[int] = set()

    def replacements(self) -> list[Replacement]:
        """Replacements for all that blocks."""
        lock, again = threading.Lock(), threading.RLock()
        return [
            *self._of_lock(lock, _lock_is_free),
            *self._of_lock(again, _again_is_free),
            self._restoring(again),
            self._getting(),
        ]

    def _of_lock(self, lock: Any, is_free: Callable[[Any], bool]) -> list[Replacement]:
        acquiring = swap_of(lock.acquire)

        def acquire(lock: Any, blocking: bool = True, timeout: float = -1) -> Any:
            if not self._turns.takes_turns():
                return self._outside(acquiring, lock, blocking, timeout)
            if not blocking or not (timeout == -1 or 0 < timeout <= threading.TIMEOUT_MAX):
                return acquiring(lock, blocking, timeout)
            if not acquiring(lock, False) and not self._wait_for(acquiring, lock, is_free, timeout):
                return False
            self._held_outside.discard(id(lock))
            return True

        names = [name for name in ("acquire", "acquire_lock", "__enter__") if hasattr(lock, name)]
        swaps = {id(swap): swap for swap in (swap_of(getattr(lock, name)) for name in names)}
        return [Replacement(swap, acquire) for swap in swaps.values()]

    def _wait_for(
        self, original: Swap, lock: Any, is_free: Callable[[Any], bool], timeout: float
    ) -> bool:
        """Acquire a lock that is held."""
        deadline = self._turns.deadline(None if timeout == -1 else timeout)
        while not self._acquire_from_outside(original, lock):
            in_time = self._turns.wait(lambda: is_free(lock), deadline, "waiting for a lock")
            if original(lock, False):
                return True
            if not in_time:
                return False
        return True

    def _acquire_from_outside(self, original: Swap, lock: Any) -> bool:
        """Acquire a lock that a thread holds which is none of the world's. It will release it in
        real time, so that is how it has to be waited for: the clock must not move meanwhile.
        """
        if id(lock) in self._held_outside:
            return bool(original(lock, True, _PATIENCE))
        return id(lock) in self._wanted_outside and bool(original(lock, True, _DOUBT))

    def _outside(self, original: Swap, lock: Any, *args: Any) -> Any:
        """Acquire a lock in a thread that really blocks."""
        if self._turns.in_world():
            return original(lock, *args)
        self._wanted_outside.add(id(lock))
        acquired = original(lock, *args)
        if acquired:
            self._held_outside.add(id(lock))
        self._wanted_outside.discard(id(lock))
        return acquired

    def _restoring(self, lock: Any) -> Replacement:
        """How a condition takes its reentrant lock back after a wait."""
        original = swap_of(lock._acquire_restore)

        def restore(lock: Any, state: Any) -> Any:
            if self._turns.takes_turns():
                self._turns.wait(lambda: _again_is_free(lock), None, "waiting for a lock")
            return original(lock, state)

        return Replacement(original, restore)

    def _getting(self) -> Replacement:
        original = swap_of(queue.SimpleQueue().get)

        def get(
            source: queue.SimpleQueue[Any], block: bool = True, timeout: float | None = None
        ) -> Any:
            waits = block and (timeout is None or timeout > 0) and self._turns.takes_turns()
            if not waits:
                return original(source, block, timeout)
            deadline = self._turns.deadline(timeout)
            self._turns.wait(lambda: not source.empty(), deadline, "waiting for a queue")
            return original(source, False)

        return Replacement(original, get)


def _lock_is_free(lock: Any) -> bool:
    return not lock.locked()


def _again_is_free(lock: Any) -> bool:
    # An RLock tells nothing but by its repr before Python 3.14.
    return repr(lock).startswith("<unlocked")
