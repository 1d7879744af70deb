"""What stands for sockets and their descriptors in the world."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any


class Descriptors:
    """Real file descriptors for clients that poll a connection before they use it again: one that
    never has anything to read, and one that always does. Opened when first asked for.
    """

    def __init__(self) -> None:
        self._opened: tuple[int, ...] = ()
        self._closed = False

    def of(self, *, readable: bool) -> int:
        """A descriptor that does or does not have something to read; -1 when the world is over."""
        if self._closed:
            return -1
        if not self._opened:
            self._opened = (*os.pipe(), os.open(os.devnull, os.O_RDONLY))
        return self._opened[2 if readable else 0]

    def close(self) -> None:
        """Give them back."""
        self._closed = True
        for descriptor in self._opened:
            os.close(descriptor)
        self._opened = ()


class MemorySocket:
    """What a client gets when it asks a transport for its socket."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(
        self,
        peer: tuple[str, int],
        own: tuple[str, int],
        descriptors: Descriptors,
        has_arrived: Callable[[], bool],
    ) -> None:
        self._peer = peer
        self._own = own
        self._descriptors = descriptors
        self._has_arrived = has_arrived

    def getpeername(self) -> tuple[str, int]:
        """Address of the service."""
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        """Address of the client."""
        return self._own

    def fileno(self) -> int:
        """A descriptor that can be polled: readable once the service has sent or closed."""
        return self._descriptors.of(readable=self._has_arrived())

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def getsockopt(self, *_: Any) -> int:
        """Nothing is set."""
        return 0

    def setblocking(self, flag: bool) -> None:
        """Never blocking."""

    def settimeout(self, value: float | None) -> None:
        """Never blocking."""

    def gettimeout(self) -> float:
        """Never blocking."""
        return 0.0
