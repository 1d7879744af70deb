"""What processes print, kept within bounds: its beginning and its end."""

from __future__ import annotations

from collections import deque

FIRST, LAST = 64 * 1024, 192 * 1024
"""How many bytes are kept of the beginning and of the end."""


class Output:
    """The lines that the processes of one world print, in the order in which they came."""

    def __init__(self) -> None:
        self._first: list[bytes] = []
        self._last: deque[bytes] = deque()
        self._first_size = self._last_size = self._dropped = 0

    def take(self, line: bytes) -> None:
        """Take a line in."""
        line = line[:LAST]
        if not self._last and self._first_size + len(line) <= FIRST:
            self._first.append(line)
            self._first_size += len(line)
            return
        self._last.append(line)
        self._last_size += len(line)
        while self._last_size > LAST:
            dropped = len(self._last.popleft())
            self._last_size -= dropped
            self._dropped += dropped

    @property
    def text(self) -> str:
        """What is kept, with a word on what is not."""
        gap = [f"\n[{self._dropped:,} bytes left out]\n".encode()] if self._dropped else []
        return b"".join((*self._first, *gap, *self._last)).decode("utf-8", "replace")

    def tail(self, lines: int = 8) -> str:
        """The last lines, for an error."""
        return "\n".join(self.text.rstrip().splitlines()[-lines:])
