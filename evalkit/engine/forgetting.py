"""When what is known of sessions that are over is forgotten: a while after, since calls may come
late, and many at a time, since that takes a look at all that is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

AFTER = 60_000_000_000
"""Nanoseconds after the end of a session in which calls of it may come."""

MANY = 2_000
"""Sessions at a time."""


class Forgetting:
    """Tells which sessions to forget, so many at a time."""

    def __init__(
        self, forget: Callable[[Collection[str]], None], *, after: int = AFTER, many: int = MANY
    ) -> None:
        self._forget = forget
        self._after, self._many = after, many
        self._over: deque[tuple[int, str]] = deque()
        self._seen = 0

    def over(self, session: str, now: int) -> None:
        """A session is over, at a moment in nanoseconds."""
        self._over.append((now, session))
        self._seen += 1
        if self._seen % self._many:
            return
        past = set()
        while self._over and self._over[0][0] + self._after <= now:
            past.add(self._over.popleft()[1])
        if past:
            self._forget(past)
