"""REST calls per second of CPU: matched, templated, placed, scheduled and journaled, beside a bare
httptools echo.

The service alone makes a reply of a request. The layer begins with a request that is parsed and
ends with a reply that is recorded. The whole has the bytes on both sides too, in memory. The echo
is a server with a parser and a loopback socket, and nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httptools

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Schedule
from evalkit.journal.records import Outcome
from evalkit.journal.writer import Journal
from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller, Request
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock
from evalkit.world.http import HttpConnection
from evalkit.world.player import head_of
from evalkit.world.reader import Limits, RequestReader

COUNT, ROUNDS = 4_000, 5
DEFINITION = """
service: rest
stores: {orders: {key: id, seed: [{id: "7", state: open}]}}
routes:
  GET /customers/{id}:
    reply: {json: {id: "{{ path.id }}", owner: "{{ session.id }}", tier: gold, open: true}}
  GET /orders/{id}: {read: orders}
  GET /products: {reply: {json: {items: [1, 2, 3]}}}
  GET /products/{id}/reviews/{n}: {reply: {json: {n: "{{ path.n | int }}"}}}
  POST /charges:
    effect: {name: charge, key: [body.order, body.amount], idempotency: Idempotency-Key}
    reply: {status: 201, json: {order: "{{ body.order }}", amount: "{{ body.amount }}"}}
"""
HEADERS = (
    "host: shop.test",
    "accept: */*",
    "accept-encoding: gzip, deflate",
    "connection: keep-alive",
    "user-agent: python-httpx/0.28.1",
)


def wire(line: str, body: bytes = b"") -> bytes:
    """The bytes of a request as httpx sends it."""
    sized = [f"content-length: {len(body)}", "content-type: application/json"] if body else []
    return "\r\n".join((f"{line} HTTP/1.1", *HEADERS, *sized, "", "")).encode() + body


CALLS: dict[str, Callable[[int], bytes]] = {
    "template": lambda n: wire(f"GET /customers/{n}"),
    "store": lambda _: wire("GET /orders/7"),
    "effect": lambda n: wire("POST /charges", b'{"order":"A-%d","amount":12}' % n),
}


class Echo(asyncio.Protocol):
    """What no server can do without: read a request, parse it, write a reply of the same size."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._parser = httptools.HttpRequestParser(self)
        self._headers: list[tuple[bytes, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body = body

    def on_message_complete(self) -> None:
        self._headers = []
        self._transport.write(self._reply)


async def echoed(data: Sequence[bytes], reply: bytes) -> float:
    """CPU seconds of a server that echoes on a loopback socket, to a client in another process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(reply), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = multiprocessing.get_context("spawn").Process(target=ask, args=(port, data, len(reply)))
    client.start()
    began = time.process_time()
    await asyncio.to_thread(client.join)
    took = time.process_time() - began
    server.close()
    assert client.exitcode == 0
    return took


def ask(port: int, data: Sequence[bytes], size: int) -> None:
    """Ask one request after the other, and read each reply."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for each in data:
            connection.sendall(each)
            left = size
            while left:
                left -= len(connection.recv(left))


class Sink(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += len(data)

    def get_write_buffer_size(self) -> int:
        return 0


class Layer:
    """The service layer of a world, as a cell makes it."""

    def __init__(self, folder: Path) -> None:
        (folder / "shop.yaml").write_text(DEFINITION)
        template = load_service("shop", ServiceUse(use="shop.yaml"), folder)
        schedule = Schedule(rules=(), seed=0, scenario="plain")
        self.clock = Clock()
        self.desk = Desk(journal=Journal(), clock=self.clock, schedule=schedule, seed=0)
        self.endpoint = ServiceEndpoint(template.fresh(), self.desk)

    def answer(self, request: Request) -> None:
        """One call from the request to its record, played at once."""
        exchange = self.endpoint.open(request)
        answering = exchange.reply()
        try:
            answering.send(None)
        except StopIteration as done:
            reply = done.value
        for step in reply.plan:
            exchange.played(step)
        exchange.closed(Outcome.REPLIED, len(reply.body()))

    def reply(self, request: Request) -> None:
        """The reply of the service itself."""
        try:
            self.endpoint.service.handle(request).send(None)
        except StopIteration:
            return

    def connection(self, loop: asyncio.AbstractEventLoop) -> HttpConnection:
        """A connection to it."""

        def crashed(error: BaseException) -> None:
            raise error

        connection = HttpConnection(self.endpoint, loop, lambda: self.clock.now, crashed)
        connection.connection_made(Sink())
        return connection


def per_second(work: Callable[[], object]) -> float:
    """How many of `COUNT` are done in a second of CPU."""
    gc.collect()
    gc.disable()  # as in a cell, between two sessions
    began = time.process_time()
    work()
    took = time.process_time() - began
    gc.enable()
    return COUNT / took


def measure(name: str, folder: Path) -> None:
    """One kind of call, in turns, so that a busy machine weighs on all alike."""
    data = [CALLS[name](n) for n in range(COUNT)]
    requests = [RequestReader(Limits()).feed(each)[0].request for each in data]
    sample = Layer(folder)
    asked = [replace(each, caller=CALLER.get()) for each in requests]
    reply = asyncio.run(sample.endpoint.service.handle(asked[0]))
    assert reply.status < 300, reply.body()
    answer = head_of(reply, close=False) + reply.body()
    loop = asyncio.new_event_loop()

    def service() -> None:
        layer = Layer(folder)
        for request in asked:
            layer.reply(request)

    def alone() -> None:
        layer = Layer(folder)
        for request in requests:
            layer.answer(request)
        assert len(layer.desk.journal) >= 2 * COUNT

    def whole() -> None:
        connection = Layer(folder).connection(loop)
        for each in data:
            connection.data_received(each)

    def echo() -> float:
        return COUNT / asyncio.run(echoed(data, answer))

    works = (service, alone, whole)
    rounds = [(*map(per_second, works), echo()) for _ in range(ROUNDS)]
    loop.close()
    *ours, bare = map(max, zip(*rounds, strict=True))
    shown = [f"{each:7,.0f}/s ({each / bare:4.0%})" for each in ours]
    print(f"{name:9} {shown[0]:>16} {shown[1]:>16} {shown[2]:>16} {bare:9,.0f}/s")


def main() -> None:
    CALLER.set(Caller(session="s", turn=1, vars={"order": 7}))
    print(f"per second of CPU, the best of {ROUNDS} rounds of {COUNT} calls in turns")
    print(f"{'':9} {'service':>16} {'layer':>16} {'with bytes':>16} {'echo':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for name in CALLS:
            measure(name, Path(folder))


if __name__ == "__main__":
    main()
