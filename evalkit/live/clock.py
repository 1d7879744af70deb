"""The clock of a live world: it runs by itself."""

from __future__ import annotations

import time

from evalkit.world.clock import Clock


class LiveClock(Clock):
    """Real time since the world began, in nanoseconds. It cannot be moved."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self.starts_at = time.time_ns()
        self._began = time.monotonic_ns()

    @property
    def now(self) -> int:  # type: ignore[override]
        """Nanoseconds since the start of the world."""
        return time.monotonic_ns() - self._began

    def move_to(self, moment: int) -> None:
        """Nothing: real time cannot be moved."""
