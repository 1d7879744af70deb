"""What blocking clients do when nobody sets anything: behind the proxy, where they run."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import httpx2
import pytest
import requests

from evalkit.wire import Reply, Reset
from tests.live.test_proxy import OK, _proxied
from tests.world.endpoints import always

URL = "http://api.example.com/v1?x=1"


@pytest.mark.parametrize("library", [requests, httpx, httpx2], ids=lambda each: each.__name__)
def test_a_variable_sends_clients_to_the_proxy(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(proxy: str, _: ssl.SSLContext) -> bytes:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        return bytes(library.get(URL).content)

    endpoint = always(OK)
    seen, found = _proxied(endpoint, client)
    assert (seen, found) == (b"ok", [])
    assert [(each.path, each.query) for each in endpoint.requests] == [("/v1", (("x", "1"),))]


def test_requests_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(proxy: str, _: ssl.SSLContext) -> Any:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with requests.get(URL, stream=True) as answer:
            connection: Any = answer.raw._connection
            return connection.timeout, connection.sock.gettimeout()

    assert _proxied(always(OK), client)[0] == (None, None)


def test_requests_never_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(proxy: str, _: ssl.SSLContext) -> str:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with pytest.raises(requests.ConnectionError) as caught:
            requests.get(URL)
        return caught.typename

    endpoint = always(Reply(status=200, plan=(Reset(),)))
    assert _proxied(endpoint, client)[0] == "ProxyError"
    assert len(endpoint.requests) == 1
