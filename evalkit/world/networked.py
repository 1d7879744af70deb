"""An event loop whose names and connections are those of the network in memory."""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from evalkit.world import tls
from evalkit.world.network import MemoryNetwork


class NetworkedLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with another network. What that does not carry is refused."""

    def __init__(self, network: MemoryNetwork, selector: selectors.BaseSelector) -> None:
        self._network = network
        # Sockets that clients make themselves, and the services that they lead to.
        self._addresses: WeakKeyDictionary[socket.socket, tuple[str, int]] = WeakKeyDictionary()
        super().__init__(selector)

    # Names -------------------------------------------------------------------------------------

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        **_: Any,
    ) -> list[Any]:
        """Look a host up among the services."""
        number = _port(port)
        address = self._network.resolve(_text(host), number)
        if family not in (socket.AF_UNSPEC, socket.AF_INET):
            raise socket.gaierror(socket.EAI_FAMILY, "Address family for hostname not supported")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, number))]

    async def getnameinfo(self, sockaddr: Any, *_: Any, **__: Any) -> tuple[str, str]:
        """The address and port as text."""
        return str(sockaddr[0]), str(sockaddr[1])

    # Connections -------------------------------------------------------------------------------

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        sock: socket.socket | None = None,
        server_hostname: str | None = None,
        **others: Any,
    ) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        """Connect to a service."""
        if (sock is None) == (host is None):
            raise ValueError("either host and port or sock must be given")
        if ssl and server_hostname is None and host is None:
            raise ValueError("you must set server_hostname when using ssl without a host")
        if sock is not None and sock not in self._addresses:
            return await super().create_connection(  # one end of a socket pair, perhaps
                protocol_factory, sock=sock, ssl=ssl, server_hostname=server_hostname, **others
            )
        if sock is None:
            number = _port(port)
            peer = self._network.resolve(_text(host), number), number
            await self._network.admit(peer)
        else:
            peer = self._addresses.pop(sock)
            sock.close()
        client = protocol_factory()
        extra = tls.extra_info(ssl, server_hostname or _text(host)) if ssl else {}
        return self._network.connect(self, client, peer, extra), client

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect a socket that a client made itself; it is never opened."""
        peer = self._network.resolve(_text(address[0]), address[1]), address[1]
        await self._network.admit(peer)
        self._addresses[sock] = peer

    async def start_tls(  # type: ignore[override]
        self,
        transport: asyncio.Transport,
        protocol: asyncio.BaseProtocol,
        sslcontext: Any,
        *,
        server_hostname: str | None = None,
        **_: Any,
    ) -> asyncio.Transport:
        """Speak TLS from now on: the bytes stay plain."""
        transport.set_protocol(protocol)
        transport._extra.update(tls.extra_info(sslcontext, server_hostname or ""))  # type: ignore[attr-defined]
        return transport

    async def hang_up(self) -> None:
        """Break every connection, and let its client see it."""
        self._network.end()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    # What a world does not carry ---------------------------------------------------------------

    async def sock_sendall(self, sock: socket.socket, data: Any) -> None:
        """Send on a socket, which must not be one that leads to a service."""
        self._check_plain(sock)
        await super().sock_sendall(sock, data)

    async def sock_recv(self, sock: socket.socket, nbytes: int) -> bytes:
        """Read from a socket, which must not be one that leads to a service."""
        self._check_plain(sock)
        return await super().sock_recv(sock, nbytes)

    async def sock_recv_into(self, sock: socket.socket, buf: Any) -> int:
        """Read from a socket, which must not be one that leads to a service."""
        self._check_plain(sock)
        return await super().sock_recv_into(sock, buf)

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise self._network.refuse("the agent opened a datagram socket (UDP)")

    async def create_unix_connection(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise self._network.refuse("the agent connected to a Unix socket")

    async def create_server(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise self._network.refuse("the agent started a server")

    async def create_unix_server(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise self._network.refuse("the agent started a server")

    async def connect_accepted_socket(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise self._network.refuse("the agent accepted a connection")

    def _check_plain(self, sock: socket.socket) -> None:
        if sock in self._addresses:
            raise self._network.refuse("the agent used a bare socket to speak to a service")


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)


def _port(port: Any) -> int:
    if port is None or port in ("", b""):
        return 0
    text = _text(port)
    return int(text) if text.isdigit() else socket.getservbyname(text)
