"""The client of a load generator, against a server that says what it is told to, byte for byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

pytest.importorskip("gevent")

from evalkit.load import client as module
from evalkit.load.client import Broken, Client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Accepts connections one after the other; each says its texts and is closed."""

    def __init__(self, connections: Sequence[Sequence[bytes]]) -> None:
        self.asked: list[bytes] = []
        self.opened = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.gone = threading.Semaphore(0)
        threading.Thread(target=self._serve, args=(connections,), daemon=True).start()

    def _serve(self, connections: Sequence[Sequence[bytes]]) -> None:
        with suppress(OSError):  # closed while it waits
            self._answer(connections)

    def _answer(self, connections: Sequence[Sequence[bytes]]) -> None:
        for texts in connections:
            accepted, _ = self.socket.accept()
            self.opened += 1
            with accepted:
                for text in texts:
                    self.asked.append(accepted.recv(65536))
                    accepted.sendall(text)
            self.gone.release()


@contextmanager
def serving(*connections: Sequence[bytes]) -> Iterator[tuple[Server, Client]]:
    server = Server(connections)
    client = Client(server.url)
    try:
        yield server, client
    finally:
        client.close()
        server.socket.close()


def ask(client: Client, method: str = "POST", body: bytes = b"[]") -> tuple[int, bytes]:
    response = client.request(method, "/turn?a=b", {"baggage": "s=1"}, body)
    return response.status, response.body


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (OK, (200, b"{}")),
        (CHUNKED, (200, b"{}")),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", (200, b"{}")),
        (b"HTTP/1.0 500 No\r\n\r\n", (500, b"")),
        (b"HTTP/1.1 204 No\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: a\r\n\r\n" + OK, (200, b"{}")),
    ],
)
def test_what_an_agent_says_is_heard(said, heard):
    with serving([said]) as (server, client):
        assert ask(client) == heard
    head, body = server.asked[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /turn?a=b HTTP/1.1\r\nhost: 127.0.0.1:")
    assert head.endswith(b"content-length: 2\r\nbaggage: s=1")
    assert body == b"[]"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-", "closed the connection"),
        (b"SSH-2.0-OpenSSH\r\n", "HTTP"),
        (b"HTTP/1.1 101 Other\r\nupgrade: a\r\nconnection: upgrade\r\n\r\n", "protocol"),
    ],
)
def test_an_agent_that_breaks_off_is_heard_to_and_never_asked_again(said, why):
    with serving([said], [OK]) as (server, client):
        with pytest.raises(Broken, match=why):
            ask(client)
        assert server.opened == 1


def test_a_connection_that_broke_over_a_second_request_is_not_asked_again():
    with serving([OK, b""], [OK]) as (server, client):
        assert ask(client) == (200, b"{}")
        with pytest.raises(Broken):
            ask(client)
        assert server.opened == 1


def test_a_head_without_body_is_not_waited_for():
    with serving([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"], [OK]) as (server, client):
        assert ask(client, "HEAD", b"") == (200, b"")
        assert ask(client) == (200, b"{}")
    assert b"content-length" not in server.asked[0]


@pytest.mark.parametrize(
    ("connections", "opened"), [([[OK, OK]], 1), ([[CLOSING], [OK]], 2), ([[OK], [OK]], 2)]
)
def test_a_connection_is_used_again_while_it_stays(connections, opened):
    with serving(*connections) as (server, client):
        assert ask(client) == (200, b"{}")
        if opened > 1:
            assert server.gone.acquire(timeout=5)  # so it is known to be closed
        assert ask(client) == (200, b"{}")
    assert server.opened == opened


def test_a_connection_that_was_long_idle_is_not_used_again(monkeypatch):
    monkeypatch.setattr(module, "_FRESH", -1.0)
    with serving([OK], [OK]) as (server, client):
        assert [ask(client), ask(client)] == [(200, b"{}")] * 2
    assert server.opened == 2


def test_nobody_who_listens_and_headers_of_several_lines_are_told():
    client = Client("http://127.0.0.1:1")  # tcpmux, which nobody serves
    with pytest.raises(Broken, match="line break"):
        client.request("GET", "/", {"a": "b\r\nc: d"}, b"")
    with pytest.raises(Broken, match="refused"):
        ask(client)
