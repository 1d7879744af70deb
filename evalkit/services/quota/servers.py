"""Servers with one queue before them, first come first served: a G/G/c queue in world time.

What a request waits follows from those that came before it, so nothing has to run while it waits.
A caller that gives up does not shorten the queue: the work was accepted, and is done.
"""

from __future__ import annotations

import heapq
from collections import deque


class Servers:
    """So many servers. Moments never go back from one call to the next."""

    def __init__(self, count: int, queue: int | None = None) -> None:
        self._free_at = [0] * count
        self._queue = queue
        self._starts: deque[int] = deque()

    def wait(self, at: int) -> int:
        """How long until one more request is accepted; 0 now."""
        while self._starts and self._starts[0] <= at:
            self._starts.popleft()
        if self._queue is None or self._free_at[0] <= at or len(self._starts) < self._queue:
            return 0
        return (self._starts[0] if self._starts else self._free_at[0]) - at

    def start(self, at: int) -> int:
        """When work on a request of this moment would begin."""
        return max(at, self._free_at[0])

    def serve(self, at: int, duration: int) -> int:
        """Accept a request that takes this long. Returns when its work begins."""
        start = self.start(at)
        heapq.heapreplace(self._free_at, start + duration)
        if start > at:
            self._starts.append(start)  # in order: whoever comes later begins no sooner
        return start
