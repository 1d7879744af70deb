"""CPU time by turn, in real nanoseconds.

The turns of a cell share one process. What it burns between two moments at which a turn begins or
ends is shared equally among the turns then under way: exact where one runs at a time, an estimate
that adds up to the whole where several do.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class CpuShares:
    """Splits the CPU time of this process among the turns under way."""

    def __init__(self) -> None:
        self._active: dict[tuple[str, int], None] = {}
        self._burnt: dict[tuple[str, int], float] = defaultdict(float)
        self._since = time.process_time_ns()

    @contextmanager
    def turn(self, session: str, turn: int) -> Iterator[None]:
        """Charge a turn while it is under way."""
        self._settle()
        self._active[session, turn] = None
        try:
            yield
        finally:
            self._settle()
            del self._active[session, turn]

    def shares(self) -> Mapping[tuple[str, int], int]:
        """Nanoseconds by (session, turn)."""
        return {turn: round(burnt) for turn, burnt in self._burnt.items()}

    def _settle(self) -> None:
        now = time.process_time_ns()
        if self._active:
            share = (now - self._since) / len(self._active)
            for turn in self._active:
                self._burnt[turn] += share
        self._since = now
