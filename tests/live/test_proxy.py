"""Agents with hosts written into them, by way of the proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.journal.records import Finding
from evalkit.live.world import LiveWorld
from evalkit.wire import Head, Reply, Reset, Send
from evalkit.world.endpoint import Endpoint
from tests.live.worlds import entrance
from tests.world.endpoints import Answering, always

pytest.importorskip("cryptography")

OK = Reply(status=200, headers=(("content-length", "2"),), plan=(Head(), Send(b"ok")))


def _proxied(endpoint: Endpoint, client: Callable[[str, ssl.SSLContext], Any]) -> tuple[Any, Any]:
    """What a blocking client makes of `api.example.com` behind a proxy, and of what it found."""
    from evalkit.live.authority import Authority
    from evalkit.live.proxy import Proxy

    world = LiveWorld()
    authority = Authority()

    async def main() -> Any:
        hosts = {"api.example.com": entrance(world, endpoint)}
        proxy = Proxy(world.network, authority, hosts, lambda host: world.unmocked(host, None))
        url = await proxy.listen()
        return await asyncio.to_thread(
            client, url, ssl.create_default_context(cafile=authority.path)
        )

    try:
        seen = world.run(main())
    finally:
        authority.close()
    found = [each for each in world.journal.records if isinstance(each, Finding)]
    return seen, found


def _get(url: str) -> Callable[[str, ssl.SSLContext], bytes]:
    def client(proxy: str, trust: ssl.SSLContext) -> bytes:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy}),
            urllib.request.HTTPSHandler(context=trust),
        )
        with opener.open(url, timeout=5) as answer:
            return bytes(answer.read())

    return client


@pytest.mark.parametrize("url", ["https://api.example.com/v1?x=1", "http://api.example.com/v1?x=1"])
def test_a_declared_host_leads_to_its_service(url: str) -> None:
    endpoint = always(OK)
    seen, found = _proxied(endpoint, _get(url))
    assert seen == b"ok"
    assert [(each.path, each.query) for each in endpoint.requests] == [("/v1", (("x", "1"),))]
    assert found == []


@pytest.mark.parametrize("url", ["https://evil.example.org/x", "http://evil.example.org/x"])
def test_any_other_host_is_refused_and_told_of(url: str) -> None:
    def client(proxy: str, trust: ssl.SSLContext) -> str:
        with pytest.raises((urllib.error.URLError, OSError)) as caught:
            _get(url)(proxy, trust)
        if isinstance(caught.value, urllib.error.HTTPError):
            caught.value.close()  # it is a response as well
        return str(caught.value)

    endpoint = always(OK)
    seen, found = _proxied(endpoint, client)
    assert "502" in seen
    assert [each.check for each in found] == ["no-unmocked-egress"]
    assert "evil.example.org" in found[0].message
    assert endpoint.requests == []


def test_a_client_that_does_not_trust_the_authority_is_no_crash() -> None:
    def client(proxy: str, _: ssl.SSLContext) -> str:
        port = int(proxy.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
            with pytest.raises(ssl.SSLError) as caught:
                ssl.create_default_context().wrap_socket(sock, server_hostname="api.example.com")
        return str(caught.value)

    seen, _ = _proxied(always(OK), client)
    assert "CERTIFICATE_VERIFY_FAILED" in seen


def test_faults_reach_a_client_under_tls() -> None:
    def client(proxy: str, trust: ssl.SSLContext) -> type[BaseException]:
        with pytest.raises(OSError) as caught:  # noqa: PT011 - which of them depends on the moment
            _get("https://api.example.com/")(proxy, trust)
        return type(caught.value)

    endpoint: Answering = always(Reply(status=200, plan=(Reset(),)))
    seen, _ = _proxied(endpoint, client)
    assert issubclass(seen, OSError)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01\r\n\r\n", b"CONNECT\r\n\r\n", b"x" * 70_000])
def test_rubbish_is_answered_or_dropped(rubbish: bytes) -> None:
    def client(proxy: str, _: ssl.SSLContext) -> bytes:
        port = int(proxy.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.sendall(rubbish)
            try:
                return sock.recv(100)
            except ConnectionError:
                return b""

    seen, found = _proxied(always(OK), client)
    assert not seen or seen.startswith((b"HTTP/1.1 4", b"HTTP/1.1 502"))
    assert found == []
