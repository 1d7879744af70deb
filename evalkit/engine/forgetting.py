"""When what is known of sessions that are over is forgotten: a while after, since calls may come
late, and as others end, so that there is never much to do at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

AFTER = 60_000_000_000
"""Nanoseconds after the end of a session in which calls of it may come."""

MOST = 100
"""Sessions at a time."""


class Forgetting:
    """Tells which sessions to forget, whenever one ends."""

    def __init__(
        self, forget: Callable[[Collection[str]], None], *, after: int = AFTER, most: int = MOST
    ) -> None:
        self._forget = forget
        self._after, self._most = after, most
        self._over: deque[tuple[int, str]] = deque()

    def over(self, session: str, now: int) -> None:
        """A session is over, at a moment in nanoseconds."""
        self._over.append((now, session))
        past: list[str] = []
        while self._over and self._over[0][0] + self._after <= now and len(past) < self._most:
            past.append(self._over.popleft()[1])
        if past:
            self._forget(past)
