"""What was there before, so that only what comes again is kept."""

from __future__ import annotations


class Seen:
    """Which values were there before, by their hashes: to be wrong now and then costs nothing but
    room. Where there are `most`, all are forgotten.
    """

    def __init__(self, most: int = 16 * 1024) -> None:
        self._most = most
        self._marks: set[int] = set()

    def seen(self, value: object) -> bool:
        """Whether a value was asked about before."""
        mark = hash(value)
        if mark in self._marks:
            return True
        if len(self._marks) >= self._most:
            self._marks.clear()
        self._marks.add(mark)
        return False

    def clear(self) -> None:
        """Forget all of them."""
        self._marks.clear()
