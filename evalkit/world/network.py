"""The network in memory: names, addresses and connections that never leave the process."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from evalkit.errors import RefusedInWorld
from evalkit.journal.records import Outcome
from evalkit.world.clock import NS, Clock
from evalkit.world.endpoint import Endpoint
from evalkit.world.guard import refusal
from evalkit.world.http import HttpConnection
from evalkit.world.lives import LIFE
from evalkit.world.reader import Room
from evalkit.world.sockets import Descriptors, MemorySocket
from evalkit.world.transport import MemoryTransport

_FIRST_ADDRESS = (198 << 24) | (18 << 16)  # 198.18.0.0/15 is set aside for tests (RFC 2544)
_OWN_ADDRESS = "198.19.255.254"
_FIRST_PORT, _PORTS = 1024, 60_000
_FEW = 16


class MemoryNetwork:
    """Hosts and the connections to them. `unknown` is told of a host that no service declares,
    `refused` of what this network does not carry.
    """

    def __init__(
        self,
        clock: Clock,
        unknown: Callable[[str, int | None], None],
        refused: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._unknown = unknown
        self._refused = refused
        self._endpoints: dict[str, Endpoint] = {}  # by address
        self._addresses: dict[str, str] = {}  # by name
        self._connections: dict[int, list[HttpConnection]] = {}
        self._prune_at: dict[int, int] = {}
        self._descriptors = Descriptors()
        self._room = Room()
        self._given = 0
        self.opened = 0
        self.crashes: list[BaseException] = []
        """What endpoints raised: mistakes of evalkit's own, in order."""

    def add(self, host: str, endpoint: Endpoint) -> None:
        """Have `endpoint` answer at `host`."""
        name = host.lower()
        if name not in self._addresses:
            self._addresses[name] = name if _is_address(name) else self._next_address()
        self._endpoints[self._addresses[name]] = endpoint

    def remove(self, host: str) -> None:
        """Have nothing answer at `host` any more."""
        address = self._addresses.pop(host.lower(), None)
        if address is not None:
            self._endpoints.pop(address, None)

    def resolve(self, host: str, port: int | None) -> str:
        """The address of a host. Raises `socket.gaierror` where there is none."""
        if (life := LIFE.get()) is not None and life.over:
            raise _unknown_name()  # whoever asks is dead
        name = host.lower().rstrip(".")
        address = self._addresses.get(name)
        if address is not None:
            return address
        if _is_address(name):
            return name
        self._unknown(host, port)
        raise _unknown_name()

    def endpoint(self, address: str, port: int) -> Endpoint:
        """What answers at an address. Raises `ConnectionRefusedError` where nothing does."""
        found = self._endpoints.get(address)
        if found is None:
            self._unknown(address, port)
            raise _refused_by(address, port)
        return found

    def refuse(self, message: str) -> RefusedInWorld:
        """The error for what this network does not carry; it is a finding."""
        self._refused(message)
        return refusal(message)

    async def admit(self, peer: tuple[str, int]) -> None:
        """Reach the service at an address. Raises `ConnectionRefusedError` where it refuses."""
        admission = self.endpoint(*peer).connecting()
        try:
            if admission.wait:
                await asyncio.sleep(admission.wait / NS)
        except asyncio.CancelledError:
            admission.over(Outcome.ABANDONED)
            raise
        stopped = admission.refused or admission.unknown
        admission.over(Outcome.REFUSED if stopped else Outcome.REPLIED)
        if admission.unknown:
            raise _unknown_name()
        if admission.refused:
            raise _refused_by(*peer)

    def connect(
        self,
        loop: asyncio.AbstractEventLoop,
        client: asyncio.BaseProtocol,
        peer: tuple[str, int],
        extra: dict[str, Any],
    ) -> asyncio.Transport:
        """A connection to the service at an address, once it has been reached."""
        endpoint = self.endpoint(*peer)
        server = HttpConnection(endpoint, loop, self._now, self.crashes.append, room=self._room)
        transport = self._pair(loop, client, server, peer, extra)
        self._remember(endpoint, server)
        return transport

    def _pair(
        self,
        loop: asyncio.AbstractEventLoop,
        client: asyncio.BaseProtocol,
        server: HttpConnection,
        peer: tuple[str, int],
        extra: dict[str, Any],
    ) -> MemoryTransport:
        self.opened += 1
        own = _OWN_ADDRESS, _FIRST_PORT + self.opened % _PORTS
        transport: MemoryTransport

        def has_arrived() -> bool:
            return transport.has_arrived()

        stand_in = MemorySocket(peer, own, self._descriptors, has_arrived)
        extra = {"socket": stand_in, "peername": peer, "sockname": own, **extra}
        transport = MemoryTransport(loop, client, extra, is_client=True)
        transport.connect(server)
        if (life := LIFE.get()) is not None:
            life.connected(transport)
        return transport

    def _now(self) -> int:
        return self._clock.monotonic

    def close(self) -> None:
        """Give back what the operating system lent."""
        self._descriptors.close()

    def end(self) -> None:
        """Break every connection: a client that outlives the world must not find one open."""
        for connections in self._connections.values():
            for connection in connections:
                if not connection.lost:
                    connection.end()

    def close_idle(self, endpoint: Endpoint) -> None:
        """Close the connections to an endpoint on which nothing is under way."""
        for connection in self._connections.get(id(endpoint), ()):
            if connection.idle and not connection.closed:
                connection.close()

    def _remember(self, endpoint: Endpoint, connection: HttpConnection) -> None:
        known = self._connections.setdefault(id(endpoint), [])
        if len(known) >= self._prune_at.get(id(endpoint), _FEW):
            known[:] = [each for each in known if not each.lost]
            self._prune_at[id(endpoint)] = max(_FEW, 2 * len(known))
        known.append(connection)

    def _next_address(self) -> str:
        self._given += 1
        number = _FIRST_ADDRESS + self._given
        return socket.inet_ntoa(number.to_bytes(4, "big"))


def _unknown_name() -> OSError:
    return socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _refused_by(address: str, port: int) -> ConnectionRefusedError:
    return ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed ('{address}', {port})")


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False
