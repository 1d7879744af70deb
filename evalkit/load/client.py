"""Turns sent over HTTP/1.1 by a generator. Its users share their connections, as those of a client
in front of an agent do. It is imported by processes of Locust's, which gevent patches.

No request is ever sent twice: an agent that breaks off over one has to be seen to do so. So a
connection is used again only briefly after its last response, before any server gives it up.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httptools
from gevent import monkey

_FRESH = 1.0  # seconds; the servers that are in use wait for two and more
_BLOCK = 64 * 1024
_NO_BODY = ("GET", "HEAD", "OPTIONS", "DELETE")


class Broken(Exception):
    """There is no whole response, and why."""


@dataclass(slots=True)
class Response:
    """What the agent said."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Client:
    """The connections of this process to one agent."""

    def __init__(self, base: str) -> None:
        """To the agent at this base URL."""
        parts = urlsplit(base)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._named = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._kept: list[tuple[float, socket.socket]] = []

    def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """What comes back. Raises `Broken`."""
        data = self._written(method, target, headers, body)
        try:
            connection = self._connection()
        except OSError as error:
            raise Broken(str(error)) from error
        reading = _Reading(bodiless=method == "HEAD")
        try:
            connection.sendall(data)
            while not reading.whole:
                reading.take(connection.recv(_BLOCK))
        except BaseException as error:  # a timeout, a user that is stopped
            connection.close()
            if isinstance(error, OSError | httptools.HttpParserError):
                raise Broken(str(error) or "the connection broke") from error
            raise
        if reading.stays:
            self._kept.append((time.monotonic(), connection))
        else:
            connection.close()
        return reading.response

    def close(self) -> None:
        """Close what is kept."""
        for _, connection in self._kept:
            connection.close()
        self._kept.clear()

    def _connection(self) -> socket.socket:
        """One that was used just now, the latest first, or else a new one."""
        now = time.monotonic()
        while self._kept:
            since, connection = self._kept.pop()
            if now - since > _FRESH:  # and so are all below it
                connection.close()
                self.close()
            elif _is_quiet(connection):
                return connection
            else:
                connection.close()
        made = socket.create_connection((self._host, self._port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return (
            made if self._tls is None else self._tls.wrap_socket(made, server_hostname=self._host)
        )

    def _written(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = list(self._lines(method, target, headers, len(body)))
        if any("\n" in each or "\r" in each for each in lines):
            raise Broken("a header of the request holds a line break")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

    def _lines(
        self, method: str, target: str, headers: Mapping[str, str], size: int
    ) -> Iterator[str]:
        given = {name.lower() for name in headers}
        yield f"{method} {self._path}{target} HTTP/1.1"
        if "host" not in given:
            yield f"host: {self._named}"
        if (size or method not in _NO_BODY) and "content-length" not in given:
            yield f"content-length: {size}"
        for name, value in headers.items():
            yield f"{name}: {value}"


def _is_quiet(connection: socket.socket) -> bool:
    """Whether nothing came unasked, such as its end."""
    poll = monkey.get_original("select", "poll")()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


class _Reading:
    """Reads one response: what httptools tells of it."""

    def __init__(self, *, bodiless: bool) -> None:
        self._bodiless = bodiless
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._begun = self._sized = False
        self.response = Response()
        self.whole = False
        self.stays = False
        """Whether the connection can be used again."""

    def take(self, data: bytes) -> None:
        """Take bytes in; none are the end of the connection. Raises `Broken`."""
        if data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as error:
                raise Broken("the agent changed the protocol") from error
        elif self._begun and not self._sized:
            self._over()
        else:
            raise Broken("the agent closed the connection")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        header = name.decode("latin-1"), value.decode("latin-1")
        self._sized = self._sized or header[0].lower() in ("content-length", "transfer-encoding")
        self.response.headers.append(header)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.response.status = self._parser.get_status_code()
        self._begun = self.response.status >= 200
        if self._begun and self._bodiless:
            self._over()

    def on_body(self, part: bytes) -> None:
        """Some of the body."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """The response is whole, unless another follows (RFC 9110, section 15.2)."""
        if not self._begun:
            self.response = Response()
            self._sized = False
        elif not self.whole:
            self._over()
            self.stays = bool(self._parser.should_keep_alive())

    def _over(self) -> None:
        self.whole = True
        self.response.body = b"".join(self._parts)
