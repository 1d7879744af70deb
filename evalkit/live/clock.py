"""The clock of a live world: it runs by itself."""

from __future__ import annotations

import time

from evalkit.world.clock import Clock


class LiveClock(Clock):
    """Real time since the world began, in nanoseconds. It cannot be moved."""

    __slots__ = ("_ahead", "_began")

    def __init__(self) -> None:
        self.starts_at = time.time_ns()
        self._began = time.monotonic_ns()
        self._ahead = self.MONOTONIC_START - self._began

    @property
    def now(self) -> int:  # type: ignore[override]
        """Nanoseconds since the start of the world."""
        return time.monotonic_ns() - self._began

    @property
    def monotonic(self) -> int:
        """Nanoseconds of the monotonic clock in the world."""
        return time.monotonic_ns() + self._ahead

    def real(self, monotonic: int) -> int:
        """The same moment by the machine's own monotonic clock; both in nanoseconds."""
        return monotonic - self._ahead

    def move_to(self, moment: int) -> None:
        """Nothing: real time cannot be moved."""
