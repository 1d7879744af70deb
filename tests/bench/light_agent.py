"""A light agent: one call to a service for each turn, over connections that it keeps.

`light_agent.py PORT`; the service's base URL stands in SERVICE. BEGAN may name a file that it makes
once it has answered, HOST where it listens.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httptools

SERVICE, BEGAN = urlsplit(os.environ.get("SERVICE", "")), os.environ.get("BEGAN")
HOST = os.environ.get("HOST", "127.0.0.1")


def began() -> None:
    """A turn was answered."""
    if BEGAN:
        Path(BEGAN).touch()


class Upstream(asyncio.Protocol):
    """A connection to the service."""

    free: list[Upstream] = []  # noqa: RUF012 - of the whole process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, baggage: bytes) -> asyncio.Future[int]:
        self.parser = httptools.HttpResponseParser(self)
        self.answer = asyncio.get_running_loop().create_future()
        line = f"GET /items/a HTTP/1.1\r\nhost: {SERVICE.netloc}\r\nbaggage: ".encode()
        self.transport.write(line + baggage + b"\r\n\r\n")  # type: ignore[attr-defined]
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        Upstream.free.append(self)
        self.answer.set_result(self.parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        if self in Upstream.free:
            Upstream.free.remove(self)


class Agent(asyncio.Protocol):
    """A connection to the agent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.baggage = b""
        self.url = b""

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"baggage":
            self.baggage = value

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self.url == b"/health":
            self.answer(b"{}")
        else:
            self.task = asyncio.ensure_future(self.turn())

    async def turn(self) -> None:
        upstream = Upstream.free.pop() if Upstream.free else None
        if upstream is None:
            loop = asyncio.get_running_loop()
            _, upstream = await loop.create_connection(Upstream, SERVICE.hostname, SERVICE.port)
        status = await upstream.ask(self.baggage)
        self.answer(json.dumps({"text": f"the service said {status}"}).encode())
        began()

    def answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)  # type: ignore[attr-defined]


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Agent, HOST, int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
