"""One HTTP request to an agent that is served somewhere: HTTP/1.1, a connection for each."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import httptools

from evalkit.agents.base import AgentFailed
from evalkit.agents.calling import MAX_BODY, AgentRequest, Response
from evalkit.agents.targets import quoted
from evalkit.live.attribution import Attribution
from evalkit.suite.hosts import AGENT_HOST
from evalkit.wire import Caller
from evalkit.world.callers import CALLER

_READ = 64 * 1024


class HttpCaller:
    """Sends requests to the server at a base URL. What carries a turn says so in its headers."""

    def __init__(self, url: str, attribution: Attribution) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._base = parts.path.rstrip("/")
        self._netloc = parts.netloc.rpartition("@")[2]
        self._attribution = attribution

    async def call(self, request: AgentRequest) -> Response:
        """The response of the agent. Raises `AgentFailed` where it gives none."""
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        except OSError as error:
            raise AgentFailed(f"{self.url} cannot be reached: {error}") from error
        try:
            writer.write(self._head(request) + request.body)
            return await _response(reader, bodiless=request.method == "HEAD")
        except (OSError, ssl.SSLError) as error:
            raise AgentFailed(f"the connection to the agent broke: {error}") from error
        finally:
            writer.transport.abort()

    def telling(self, caller: Caller) -> AbstractContextManager[None]:
        """While the agent is told of a webhook, what it asks may be on behalf of its session."""
        return self._attribution.telling(caller)

    def target_of(self, url: str) -> str:
        """The path and query of a URL of the agent's, or of a path of its own, from its base URL.

        `AGENT_URL`, which templates know as `agent.url`, is the agent's too. Raises `ValueError`.
        """
        parts = urlsplit(url)
        if parts.netloc and parts.netloc.rpartition("@")[2] not in (self._netloc, AGENT_HOST):
            raise ValueError(f"{url[:200]!r} is not at the agent, whose URL is {self.url}")
        if not parts.netloc and not parts.path.startswith("/"):
            raise ValueError(f"{url[:200]!r} is not at the agent, whose URL is {self.url}")
        path = parts.path or "/"
        path = path.removeprefix(self._base) or "/"
        return f"{path}?{parts.query}" if parts.query else path

    def _head(self, request: AgentRequest) -> bytes:
        own = {name.lower(): value for name, value in request.headers}
        told = () if (caller := CALLER.get()) is None else self._attribution.headers(caller)
        headers = {"host": self._netloc, "connection": "close", **dict(told), **own}
        if request.method not in ("GET", "HEAD"):
            headers["content-length"] = str(len(request.body))
        lines = [f"{request.method} {self._base}{quoted(request.target)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class _Reading:
    """What httptools tells of a response."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.whole = self.headed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.headed = True

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self.body += part

    def on_message_complete(self) -> None:
        """The response is complete."""
        self.whole = True


async def _response(reader: asyncio.StreamReader, *, bodiless: bool) -> Response:
    reading = _Reading()
    parser: Any = httptools.HttpResponseParser(reading)
    while not reading.whole and not (bodiless and reading.headed):
        data = await reader.read(_READ)
        if not data:
            break
        try:
            parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise AgentFailed(f"the agent's response is no HTTP: {error}") from error
        if len(reading.body) > MAX_BODY:
            raise AgentFailed(f"the response is larger than {MAX_BODY} bytes")
        if reading.whole and 100 <= parser.get_status_code() < 200:
            reading = _Reading()
            parser = httptools.HttpResponseParser(reading)
    if not reading.headed:
        raise AgentFailed("the agent closed the connection without a response")
    if not reading.whole and _is_delimited(reading.headers) and not bodiless:
        raise AgentFailed("the agent closed the connection in the middle of its response")
    return Response(
        status=parser.get_status_code(), headers=tuple(reading.headers), body=bytes(reading.body)
    )


def _is_delimited(headers: list[tuple[str, str]]) -> bool:
    """Whether the response says how long it is, otherwise than by the end of the connection."""
    return any(name in ("content-length", "transfer-encoding") for name, _ in headers)
