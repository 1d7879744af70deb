"""Mocks served on loopback: how fast beside bare servers, and how faithful to what is injected.

Each server is a process of its own, the client another; both share the machine, so that lateness
holds the client's as well. Calls are POSTs of a 300-byte chat completion over 64 connections; the
mock matches, templates, places and tallies them: the same body each time, of which it remembers
what it read, then a new one each time. Delays and streams are played on absolute schedules;
lateness is counted from the moment at which the client wrote its request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import httptools

from evalkit.engine.serving import mocks_at, serve
from evalkit.live.clock import LiveClock
from evalkit.live.door import Entrance
from evalkit.live.loop import live_loop
from evalkit.live.world import LiveWorld
from evalkit.wire import Head, Reply, Send, Wait
from tests.world.endpoints import always

SECONDS, CONNECTIONS = 2.0, 64
ANOTHER = "mock, new bodies"
DELAY, FIRST, GAP, TOKENS = 0.2, 0.2, 0.02, 50

SCRIPT = 'rules:\n  - reply: {text: "Yes, {{ session.id }}, of course."}\n'
NUMBER = b"%08d"
BODY = (
    json.dumps(
        {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "x" * 212 + "NUMBER"}],
            "user": "u",
        }
    )
    .encode()
    .replace(b"NUMBER", NUMBER % 0)
)
ANSWER = json.dumps({"id": "c", "choices": [{"message": {"content": "y" * 400}}]}).encode()
POST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer sk-x\r\nbaggage: evalkit.session=s-1\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
) + BODY
BEFORE, AFTER = POST.split(NUMBER % 0)
NUMBERS = itertools.count()


def the_same() -> bytes:
    """One request, again and again."""
    return POST


def always_another() -> bytes:
    """A request with a body that was not sent before, so that nothing of it can be remembered."""
    return BEFORE + NUMBER % next(NUMBERS) + AFTER


# Servers -------------------------------------------------------------------------------------


def mock(told: Connection, folder: str) -> None:
    """The product, as `evalkit mocks serve` runs it."""
    model, script = Path(folder, "llm.yaml"), Path(folder, "script.yaml")
    model.write_text("service: openai\n")
    script.write_text(SCRIPT)
    mocks = mocks_at([model], scenario=None, script=script)
    serve(mocks, ready=lambda urls: told.send(int(urls["llm"].rpartition(":")[2])))


def played(told: Connection, _: str, *, stream: bool) -> None:
    """A plan on the loopback network: one delay, or a stream of tokens."""
    tokens = [step for _ in range(TOKENS - 1) for step in (Wait(int(GAP * 1e9)), Send(b"t"))]
    plan = (Wait(int(FIRST * 1e9)), Head(), Send(b"t"), *tokens)
    whole = (Wait(int(DELAY * 1e9)), Head(), Send(b"t"))
    size = str(TOKENS if stream else 1)
    reply = Reply(status=200, headers=(("content-length", size),), plan=plan if stream else whole)
    world = LiveWorld()
    to = Entrance(
        endpoint=always(reply),
        attribution=world.attribution,
        lives=world.lives,
        own=world.meter.own,
    )

    async def main() -> None:
        told.send(await world.network.listen(to))
        await asyncio.Event().wait()

    world.run(main())


def bare_aiohttp(told: Connection, _: str) -> None:
    """aiohttp's server on the same loop, with one fixed answer."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    live_loop(LiveClock()).run_until_complete(main())


class _Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % len(ANSWER) + ANSWER)  # type: ignore[attr-defined]


def bare_httptools(told: Connection, _: str) -> None:
    """A parser and a socket, and nothing else."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    live_loop(LiveClock()).run_until_complete(main())


# The client ----------------------------------------------------------------------------------


@dataclass
class _Client(asyncio.Protocol):
    """One connection that asks again and again until it is told to stop, and notes when each part
    of a body came, in seconds from the request.
    """

    going: Callable[[], bool]
    done: asyncio.Future[None]
    post: Callable[[], bytes] = the_same
    parts: list[list[float]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.ask()

    def ask(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.parts.append([])
        self._began = time.perf_counter()
        self._transport.write(self.post())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self.parts[-1] += [time.perf_counter() - self._began] * min(len(part), TOKENS)

    def on_message_complete(self) -> None:
        self.statuses.add(self._parser.get_status_code())
        if self.going():
            self.ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def ask(
    port: int,
    connections: int,
    seconds: float,
    over: float = 0.0,
    post: Callable[[], bytes] = the_same,
) -> list[_Client]:
    """Ask a server for so long over so many connections, opened over a while."""
    loop = live_loop(LiveClock())

    async def main() -> list[_Client]:
        until = time.perf_counter() + over + seconds
        clients = []
        for _ in range(connections):
            client = _Client(lambda: time.perf_counter() < until, loop.create_future(), post)
            await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
            clients.append(client)
            if over:
                await asyncio.sleep(over / connections)
        await asyncio.gather(*(each.done for each in clients))
        return clients

    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


def served(server: Callable[..., None], **settings: bool) -> tuple[multiprocessing.Process, int]:
    """A server in a process of its own, and its port."""
    ours, theirs = multiprocessing.Pipe()
    folder = tempfile.mkdtemp(prefix="evalkit-bench-")
    process = multiprocessing.get_context("spawn").Process(
        target=server, args=(theirs, folder), kwargs=settings, daemon=True
    )
    process.start()
    return process, ours.recv()  # type: ignore[return-value]


def cpu_of(process: multiprocessing.Process) -> float:
    """The CPU seconds that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rates() -> Mapping[str, float]:
    """Calls per second of each server's CPU, in turn; the best of three. What else the machine does
    counts little then.
    """
    found: dict[str, float] = {}
    servers = {"bare httptools": bare_httptools, "bare aiohttp": bare_aiohttp, "mock": mock}
    running = {name: served(server) for name, server in servers.items()}
    asked = {**running, ANOTHER: running["mock"]}
    for _ in range(3):
        for name, (process, port) in asked.items():
            before = cpu_of(process)
            post = always_another if name == ANOTHER else the_same
            clients = ask(port, CONNECTIONS, SECONDS, post=post)
            assert {status for each in clients for status in each.statuses} == {200}, name
            calls = sum(len(each.parts) for each in clients)
            took = max(cpu_of(process) - before, 0.01)
            found[name] = max(found.get(name, 0), calls / took)
    for process, _ in running.values():
        process.terminate()
    return found


def lateness(connections: int, *, stream: bool, over: float) -> tuple[float, float, int]:
    """How late what was due came, in ms: the median, the 99th percentile, and of how many."""
    process, port = served(played, stream=stream)
    clients = ask(port, connections, 1.0, over)
    process.terminate()
    late = sorted(
        1000 * (came - (FIRST + number * GAP if stream else DELAY))
        for client in clients
        for parts in client.parts
        for number, came in enumerate(parts)
    )
    return late[len(late) // 2], late[int(len(late) * 0.99)], len(late)


def main() -> None:
    """Print it."""
    found = rates()
    for name, rate in found.items():
        against = rate / found["bare aiohttp"]
        print(f"{name:<16} {rate:>9,.0f} calls per CPU second, {against:5.2f} of bare aiohttp")
    for what, connections, stream, over in (
        ("delay, 200 connections (1,000 calls/s)", 200, False, DELAY),
        ("delay, 500 connections", 500, False, 2 * DELAY),
        ("1 stream", 1, True, 0.0),
        ("100 streams", 100, True, 0.5),
        ("500 streams", 500, True, 1.0),
    ):
        middle, most, of = lateness(connections, stream=stream, over=over)
        print(f"{what:<40} late {middle:5.1f} ms p50, {most:6.1f} ms p99 (of {of:,})")


if __name__ == "__main__":
    main()
