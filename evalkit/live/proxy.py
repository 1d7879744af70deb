"""A forward proxy for agents with hosts written into them: what a service declares leads to that
service, over TLS or without; anything else is refused and told of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

from evalkit.journal.records import Outcome
from evalkit.live.authority import Authority
from evalkit.live.door import Door, Entrance
from evalkit.live.network import LiveConnection, LoopbackNetwork
from evalkit.wire import Reply, Request, Step
from evalkit.world.endpoint import Admission, Exchange

_ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"
_REFUSED = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_HEAD = 64 * 1024

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""What names the certificates that OpenSSL and Python, requests, curl, and Node trust."""

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
_DIRECT = "127.0.0.1,localhost,::1"


def proxied(url: str, certificate: str) -> Mapping[str, str]:
    """What the environment of an agent says of a proxy at a URL."""
    return {
        **dict.fromkeys(_PROXIES, url),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _DIRECT),
        **dict.fromkeys(TRUST, certificate),
        "NODE_USE_ENV_PROXY": "1",
    }


class Proxy:
    """Leads to services by their hosts. `unmocked` is told of a host (and port) that none declares.

    Raises nothing because of what a client sends.
    """

    def __init__(
        self,
        network: LoopbackNetwork,
        authority: Authority,
        hosts: Mapping[str, Entrance],
        unmocked: Callable[[str], None],
    ) -> None:
        self.network = network
        self.authority = authority
        self._hosts = hosts
        self.unmocked = unmocked
        self.upgrading: set[asyncio.Task[None]] = set()

    async def listen(self) -> str:
        """Listen on a free port; the URL of the proxy."""
        port = await self.network.serve(lambda: _Accepted(self))
        return f"http://{self.network.host}:{port}"

    def entrance(self, host: str) -> Entrance | None:
        """Where a host leads; None where no service declares it."""
        return self._hosts.get(host.lower().rstrip("."))


class _Accepted(asyncio.Protocol):
    """A connection to the proxy until it is known where it leads."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._head = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on to the end of the head; then decide."""
        self._head += data
        if b"\r\n\r\n" not in self._head:
            if len(self._head) > _HEAD:
                self._refuse()
            return
        line = self._head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if line[0] == "CONNECT" and len(line) == 3:
            self._tunnel(line[1])
        else:
            self._hand_over(LiveConnection(_Router(self._proxy), self._proxy.network, _loop()))

    def _tunnel(self, target: str) -> None:
        host = target.rpartition(":")[0].strip("[]")
        entrance = self._proxy.entrance(host)
        if entrance is None:
            self._proxy.unmocked(target)
            self._refuse()
            return
        self._transport.pause_reading()
        self._transport.write(_ESTABLISHED)
        task = asyncio.ensure_future(self._upgrade(host, entrance))
        self._proxy.upgrading.add(task)
        task.add_done_callback(self._proxy.upgrading.discard)

    async def _upgrade(self, host: str, entrance: Entrance) -> None:
        """Speak TLS as the host from now on. A client that does not trust us is its own affair."""
        connection = self._proxy.network.connection(entrance)
        context = self._proxy.authority.context(host)
        try:
            transport = await _loop().start_tls(
                self._transport, connection, context, server_side=True
            )
        except (OSError, ConnectionError):
            self._transport.abort()
            return
        assert transport is not None
        connection.connection_made(transport)

    def _hand_over(self, connection: LiveConnection) -> None:
        self._transport.set_protocol(connection)
        connection.connection_made(self._transport)
        connection.data_received(bytes(self._head))

    def _refuse(self) -> None:
        self._transport.write(_REFUSED)
        self._transport.close()


class _Router:
    """The endpoint of requests that name their host: a plain connection may be for several."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._doors: dict[str, Door] = {}

    def connecting(self) -> Admission:
        """Whose it is, is not known yet."""
        return Admission()

    def open(self, request: Request) -> Exchange:
        """Begin an exchange with whatever service the host is of."""
        host = request.host.partition(":")[0]
        entrance = self._proxy.entrance(host)
        if entrance is None:
            self._proxy.unmocked(request.host)
            return _Unmocked()
        door = self._doors.setdefault(host, Door(entrance))
        return door.open(request)


class _Unmocked:
    """An exchange with a host that no service declares."""

    waits = False

    async def reply(self) -> Reply | None:
        """What a proxy says that cannot reach it."""
        return Reply.json({"error": "no service declares this host"}, status=502)

    def played(self, step: Step) -> None:
        """Nothing follows from it."""

    def closed(self, outcome: Outcome, sent: int) -> None:
        """Nothing follows from it."""


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
