"""A connection in memory: two transports, each the other's peer."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Iterable
from typing import Any


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory. What is written is delivered in order and at once:
    to the server within the write, in the writer's context (so that the server knows on whose
    behalf it came), to the client from the loop, as a client expects.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BaseProtocol,
        extra: dict[str, Any],
        *,
        is_client: bool,
    ) -> None:
        super().__init__(extra)
        self._loop = loop
        self._protocol = protocol
        self._is_client = is_client
        self._peer: MemoryTransport
        self._backlog: deque[bytes | None] = deque()  # None is the end
        self._paused = self._closing = self._lost = False
        self._eof_sent = self._ended_by_peer = False

    def connect(self, server: asyncio.BaseProtocol) -> None:
        """Connect to the protocol of a server: both ends are made."""
        self._peer = MemoryTransport(self._loop, server, {}, is_client=False)
        self._peer._peer = self
        server.connection_made(self._peer)
        self._protocol.connection_made(self)

    def has_arrived(self) -> bool:
        """Whether a read would not block."""
        return bool(self._backlog) or self._ended_by_peer or self._closing

    # Writing -----------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}")
        if self._eof_sent and not self._closing:
            raise RuntimeError("cannot write after write_eof()")
        if self._closing or not data:
            return
        if self._peer._lost:
            self._loop.call_soon(self._reset_by_peer)
        else:
            self._peer._arrive(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send bytes in one piece."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Send the end of what this end has to say."""
        if not self._eof_sent and not self._closing:
            self._eof_sent = True
            self._peer._arrive(None)

    def can_write_eof(self) -> bool:
        """Half-closed connections are carried."""
        return True

    def get_write_buffer_size(self) -> int:
        """What the peer has not read yet, in bytes. Clients are told of nothing: see `write`."""
        if self._is_client:
            return 0
        return sum(len(each) for each in self._peer._backlog if each)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """No limits are needed."""
        return (0, 0)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """No limits are needed."""

    # Reading -----------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        """Whether what arrives is handed on."""
        return not self._paused and not self._closing

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._paused = True

    def resume_reading(self) -> None:
        """Hand on what was kept, and what arrives from now on."""
        if self._paused:
            self._paused = False
            if self._backlog:
                self._loop.call_soon(self._hand_on)

    def _arrive(self, data: bytes | None) -> None:
        if self._closing:
            return
        self._backlog.append(data)
        if self._is_client:
            self._loop.call_soon(self._hand_on)
        else:
            self._hand_on()

    def _hand_on(self) -> None:
        while self._backlog and not self._paused and not self._closing:
            data = self._backlog.popleft()
            try:
                if data is None:
                    self._end_of_input()
                else:
                    self._deliver(data)
            except Exception as error:
                self._fail(error)

    def _deliver(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)  # type: ignore[attr-defined]
            return
        buffer = protocol.get_buffer(len(data))
        size = min(len(buffer), len(data))  # type: ignore[arg-type]
        if not size:
            raise RuntimeError("get_buffer() returned an empty buffer")
        memoryview(buffer)[:size] = data[:size]
        if size < len(data):
            self._backlog.appendleft(data[size:])
        protocol.buffer_updated(size)

    def _end_of_input(self) -> None:
        self._ended_by_peer = True
        if not self._protocol.eof_received():  # type: ignore[attr-defined]
            self.close()

    def _fail(self, error: Exception) -> None:
        context = {"message": "protocol raised", "exception": error, "transport": self}
        self._loop.call_exception_handler(context)
        self._break(error)

    # Closing -----------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        """Whether this end is closed or closing."""
        return self._closing

    def close(self) -> None:
        """Close in order: the peer reads what was sent, then the end."""
        if not self._closing:
            self.write_eof()
            self._closing = True
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """Break the connection: the peer reads what was sent, then an error."""
        self._break(None)

    def _break(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._peer._reset_by_peer)
            self._loop.call_soon(self._lose, error)

    def _reset_by_peer(self) -> None:
        self._paused = False
        self._hand_on()
        self._closing = True
        self._lose(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def _lose(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        self._protocol.connection_lost(error)
        if self._is_client and not self._peer._lost:
            # Nobody is left to read what the server sends.
            self._peer._closing = True
            self._peer._lose(None)

    # Protocol ----------------------------------------------------------------------------------

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what arrives to another protocol."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol that what arrives is handed to."""
        return self._protocol
