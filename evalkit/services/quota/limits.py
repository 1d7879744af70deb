"""Limits on requests, in world time: a fixed window, a token bucket, and so many at once.

Each keeps whole nanoseconds and tells exactly how long it is until there is room again.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from dataclasses import dataclass

from evalkit.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a limit stands: what is left of it, and in how many nanoseconds it is whole again."""

    limit: int
    left: int
    reset: int


class Limit(ABC):
    """One limit. Moments never go back from one call to the next."""

    @abstractmethod
    def wait(self, at: int) -> int:
        """How long until one more request has room; 0 now. If nobody else comes, that is exact."""

    @abstractmethod
    def take(self, at: int, until: int, tokens: int = 0) -> None:
        """A request came in, is under way until then, and uses so many tokens of a model."""

    def standing(self, at: int) -> Standing | None:
        """What is left at this moment; None of a limit that headers do not tell of."""
        del at
        return None


class Window(Limit):
    """So many requests in each window. Windows begin at whole multiples of their length since 1970,
    and a world at `origin`.
    """

    def __init__(self, limit: int, length: int, origin: int = 0) -> None:
        self._limit = limit
        self._length = length
        self._origin = origin
        self._window = -1
        self._taken = 0

    def wait(self, at: int) -> int:
        """Until the window after this one opens."""
        self._move(at)
        return 0 if self._taken < self._limit else self._left_of(at)

    def take(self, at: int, until: int, tokens: int = 0) -> None:
        """One more of this window."""
        del until, tokens
        self._count(at, 1)

    def _count(self, at: int, units: int) -> None:
        self._move(at)
        self._taken += units

    def standing(self, at: int) -> Standing:
        """What is left of this window."""
        self._move(at)
        left = max(0, self._limit - self._taken)
        return Standing(limit=self._limit, left=left, reset=self._left_of(at))

    def _move(self, at: int) -> None:
        window = (self._origin + at) // self._length
        if window != self._window:
            self._window, self._taken = window, 0

    def _left_of(self, at: int) -> int:
        return self._length - (self._origin + at) % self._length


class TokenWindow(Window):
    """So many tokens of a model in each window. What a request uses is known once it is answered:
    the one that goes beyond is let in, and those after it are not.
    """

    def take(self, at: int, until: int, tokens: int = 0) -> None:
        """So many tokens more of this window."""
        del until
        self._count(at, tokens)


class Bucket(Limit):
    """A bucket of requests that fills at a rate.

    Kept as the generic cell rate algorithm keeps it (ITU-T I.371): the moment at which the bucket
    will be full, from which everything follows in whole nanoseconds.
    """

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._gap = max(1, round(SECOND / per_second))
        self._full_at = 0

    def wait(self, at: int) -> int:
        """Until one request is in the bucket."""
        return max(0, self._full_at - at - (self._burst - 1) * self._gap)

    def take(self, at: int, until: int, tokens: int = 0) -> None:
        """One request goes out of the bucket."""
        del until, tokens
        self._full_at = max(self._full_at, at) + self._gap

    def standing(self, at: int) -> Standing:
        """What is in the bucket, and when it is full."""
        missing = max(0, self._full_at - at)
        left = max(0, (self._burst * self._gap - missing) // self._gap)
        return Standing(limit=self._burst, left=left, reset=missing)


class Concurrency(Limit):
    """So many requests under way at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ends: list[int] = []

    def wait(self, at: int) -> int:
        """Until the first of those under way is over."""
        while self._ends and self._ends[0] <= at:
            heapq.heappop(self._ends)
        return 0 if len(self._ends) < self._limit else self._ends[0] - at

    def take(self, at: int, until: int, tokens: int = 0) -> None:
        """One more is under way."""
        del at, tokens
        heapq.heappush(self._ends, until)
