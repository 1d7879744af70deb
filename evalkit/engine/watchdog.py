"""Ends a cell that makes no progress in real time, and says what it waited for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence

_POLL = 0.1  # real seconds
_AT_ONCE = 1.0  # real seconds that are enough to look at everything
_MOST_WAITS = 6  # tasks; a report shows a dozen of the last lines


class Watchdog(threading.Thread):
    """Watches from a thread that is none of the world's.

    `progress` gives something that changes as long as the world moves. After `limit` nanoseconds
    without change `stalled` is called, with the stacks of all threads and then with what `waits`
    gives: a line for each of at most so many tasks. A process that has lost its parent is ended:
    nobody is left to take its result.
    """

    def __init__(
        self,
        *,
        progress: Callable[[], object],
        limit: int,
        waits: Callable[[int], Sequence[str]],
        stalled: Callable[[str], None],
    ) -> None:
        super().__init__(name="evalkit-watchdog", daemon=True)
        self._progress = progress
        self._limit = limit
        self._waits = waits
        self._stalled = stalled
        self._over = False
        self._parent = os.getppid()

    def stop(self) -> None:
        """Watch no more."""
        self._over = True

    def run(self) -> None:
        """Look again and again."""
        seen, since = self._progress(), _now()
        while not self._over:
            time.sleep(_POLL)
            if os.getppid() != self._parent:
                os._exit(1)
            progress = self._progress()
            if progress != seen:
                seen, since = progress, _now()
            elif _now() - since > self._limit and not self._over:
                self._stalled(self._told())
                return

    def _told(self) -> str:
        sys.setswitchinterval(_AT_ONCE)  # no task goes on between a look at it and at its thread
        tasks: Sequence[str] = ()
        with contextlib.suppress(Exception):  # whatever is in disorder, the cell has to end
            tasks = self._waits(_MOST_WAITS)
        return "\n".join((stacks(), *(["tasks:", *tasks] if tasks else ())))


def stacks() -> str:
    """What every thread but the calling one is doing."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    # Lines of code are looked up once all frames have been seen: to read a file lets others go on.
    found = {
        ident: traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
        for ident, frame in sys._current_frames().items()
        if ident != threading.get_ident()
    }
    parts = []
    for ident, stack in found.items():
        stack.reverse()
        parts.append(f"thread {names.get(ident, ident)}:\n{''.join(stack.format())}")
    return "\n".join(parts)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
