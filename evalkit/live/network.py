"""The network on loopback: services listen on real sockets, and speak by the same protocol class as
in memory.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from contextvars import copy_context

from evalkit.errors import StartError
from evalkit.journal.records import Outcome
from evalkit.live.clock import LiveClock
from evalkit.live.door import Door, Entrance
from evalkit.world.clock import NS
from evalkit.world.endpoint import Admission, Endpoint
from evalkit.world.http import HttpConnection
from evalkit.world.reader import Room

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("", "0.0.0.0", "::")
"""Hosts to listen on that stand for all of a machine's."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on a host."""
    return host == "localhost" or host.startswith("127.") or host.strip("[]") == "::1"


_BACKLOG = 4096
_LINGER_NOT = struct.pack("ii", 1, 0)


class LiveConnection(HttpConnection):
    """A connection that was accepted. What it reads waits until it is let in."""

    def __init__(
        self,
        door: Endpoint | Door,
        network: LoopbackNetwork,
        loop: asyncio.AbstractEventLoop,
        took: Callable[[int], None] | None = None,
    ) -> None:
        crashed = network.crashes.append
        super().__init__(door, loop, network.monotonic, crashed, room=network.room, took=took)
        self.endpoint: Endpoint | None = None
        self._again = door.again if isinstance(door, Door) else None
        self._door = door
        self._network = network
        self._on = loop
        self._early: list[bytes] | None = None
        self._admission: Admission | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It was accepted: find out whether it should have been."""
        super().connection_made(transport)
        self._network.opened += 1
        self._network.connections.add(self)
        self._lingers_not(transport)
        self._admission = admission = copy_context().run(self._door.connecting)
        if admission.wait:
            self._early = []
            self._timer = self._on.call_later(admission.wait / NS, self._let_in)
        else:
            self._let_in()

    def _let_in(self) -> None:
        admission, self._admission, self._timer = self._admission, None, None
        assert admission is not None
        if admission.refused or admission.unknown:
            admission.over(Outcome.REFUSED)
            self._early = None
            self.reset()
            return
        admission.over(Outcome.REPLIED)
        early, self._early = self._early, None
        for each in early or ():
            self.data_received(each)

    def data_received(self, data: bytes) -> None:
        """Bytes came in; they are read once it is let in."""
        if self._early is not None:
            self._early.append(data)
        elif self._again is None or not self._answered_again(data):
            super().data_received(data)

    def _answered_again(self, data: bytes) -> bool:
        """Answer what came before, if nothing is under way or unsent."""
        if self._closing or not self.idle or self._transport.get_write_buffer_size():
            return False
        assert self._again is not None
        began = self._now()
        try:
            answered = self._again(data, self._transport.write)
        except Exception as error:
            self.crash(error)
            return True
        if answered and self._took is not None:
            self._took(self._now() - began)
        return answered

    def eof_received(self) -> bool:
        """The client closed its end. No HTTP client does so to half: it has gone."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._network.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._admission is not None:
            self._admission.over(Outcome.ABANDONED)
            self._admission = None
        self._early = None
        super().connection_lost(exc)

    @staticmethod
    def _lingers_not(transport: asyncio.BaseTransport) -> None:
        """Replies go out at once, not when there is more to send."""
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reset(self) -> None:
        """Break the connection: with an RST, not a FIN, which a close would send."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        super().reset()


class LoopbackNetwork:
    """The ports of one live world, and the connections to them."""

    def __init__(self, clock: LiveClock, host: str = LOOPBACK) -> None:
        self._clock = clock
        self.host = host
        self.room = Room()
        self.connections: set[LiveConnection] = set()
        self.opened = 0
        self.crashes: list[BaseException] = []
        """What endpoints raised: mistakes of evalkit's own, in order."""
        self._servers: list[asyncio.Server] = []

    @property
    def reached(self) -> str:
        """Where this machine reaches it: every address is reached at loopback too."""
        return LOOPBACK if self.host in EVERYWHERE else self.host

    def monotonic(self) -> int:
        """The clock as the loop tells it, in nanoseconds."""
        return self._clock.monotonic

    async def listen(self, entrance: Entrance, port: int = 0) -> int:
        """Have an endpoint answer at a port, a free one where it is 0; give the port back.

        Raises `StartError` where it is taken.
        """

        def connection() -> LiveConnection:
            return self.connection(entrance)

        return await self.serve(connection, port)

    def connection(self, entrance: Entrance) -> LiveConnection:
        """The protocol of a connection to an endpoint."""
        loop = asyncio.get_running_loop()
        made = LiveConnection(Door(entrance), self, loop, entrance.own.add)
        made.endpoint = entrance.endpoint
        return made

    def plain(self, endpoint: Endpoint) -> HttpConnection:
        """The protocol of a connection to an endpoint that is none of a service."""
        loop = asyncio.get_running_loop()
        return LiveConnection(endpoint, self, loop)

    async def serve(
        self,
        factory: Callable[[], asyncio.BaseProtocol],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Have a protocol serve a port."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(factory, self.host, port, backlog=_BACKLOG, ssl=tls)
        except OSError as error:
            raise StartError(
                f"nothing can listen on {self.host}:{port}: {error.strerror or error}",
                hint="is it in use? a port of 0 takes a free one",
            ) from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def close_idle(self, endpoint: Endpoint) -> None:
        """Close the connections to an endpoint on which nothing is under way."""
        for each in tuple(self.connections):
            if each.endpoint is endpoint and each.idle and not each.closed:
                each.close()

    def end(self) -> None:
        """Break every connection and listen no more."""
        for server in self._servers:
            server.close()
        for each in tuple(self.connections):
            each.end()
