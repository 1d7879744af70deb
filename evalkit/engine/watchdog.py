"""Ends a cell that makes no progress in real time, and says what it waited for."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

_POLL = 0.1  # real seconds


class Watchdog(threading.Thread):
    """Watches from a thread that is none of the world's.

    `progress` gives something that changes as long as the world moves. After `limit` nanoseconds
    without change `stalled` is called, with the stacks of all threads. A process that has lost its
    parent is ended: nobody is left to take its result.
    """

    def __init__(
        self, *, progress: Callable[[], object], limit: int, stalled: Callable[[str], None]
    ) -> None:
        super().__init__(name="evalkit-watchdog", daemon=True)
        self._progress = progress
        self._limit = limit
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
                self._stalled(stacks())
                return


def stacks() -> str:
    """What every thread but the calling one is doing."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            stack = "".join(traceback.format_stack(frame))
            parts.append(f"thread {names.get(ident, ident)}:\n{stack}")
    return "\n".join(parts)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
