"""Mocks served on loopback: how fast beside bare servers, and how faithful to what is injected.

Each server is a process of its own, the client another. Calls are POSTs of chat completions over 64
connections; the mock matches, templates and places them. As `evalkit mocks serve` runs it, it
tallies them; as a live run has it, its journal keeps two records of each. They come as one body of
300 bytes again and again, which is known by its bytes the third time; as another such body each
time; and as chats that grow to 4 kB in ten turns. Rates are by the CPU that the server takes.

Delays and streams are played on absolute schedules. How late the server is, it says itself: from
the moment at which a request arrived, to that at which a part was handed to the kernel. What the
client sees is counted from the moment at which it wrote its request, and holds what the kernel, the
client's own loop and whatever else the machine does add to that.
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
from typing import TypeAlias

import httptools

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.serving import Mocks, few_collections, mocks_at, serve
from evalkit.faults import Schedule
from evalkit.journal.records import AnyRecord, Outcome
from evalkit.journal.writer import Journal
from evalkit.live.clock import LiveClock
from evalkit.live.door import Entrance
from evalkit.live.loop import live_loop
from evalkit.live.world import LiveWorld
from evalkit.wire import Head, Reply, Request, Send, Step, Wait
from evalkit.world.endpoint import Admission, Endpoint

SECONDS, CONNECTIONS = 1.0, 64
TURNS = 10
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


def _conversation() -> list[bytes]:
    """The requests of a chat, turn by turn."""
    found, messages = [], [{"role": "system", "content": "You help. " * 60}]
    for turn in range(TURNS):
        messages.append({"role": "user", "content": f"{NUMBER.decode()} {turn}: {'please ' * 20}"})
        body = json.dumps({"model": "gpt-4o", "messages": messages}).encode()
        messages.append({"role": "assistant", "content": "Yes, of course. " * 10})
        body = body.replace(NUMBER, NUMBER % 0)
        size = b"content-length: %d\r\n\r\n" % len(body)
        found.append(POST.partition(b"content-length")[0] + size + body)
    return found


GROWING = _conversation()


def growing() -> bytes:
    """The next turn of a chat that holds all turns before."""
    number, turn = divmod(next(NUMBERS), TURNS)
    return GROWING[turn].replace(NUMBER % 0, NUMBER % number)


# Servers -------------------------------------------------------------------------------------


def _mocks() -> Mocks:
    """A provider that answers everything alike."""
    with tempfile.TemporaryDirectory() as folder:
        model, script = Path(folder, "llm.yaml"), Path(folder, "script.yaml")
        model.write_text("service: openai\n")
        script.write_text(SCRIPT)
        return mocks_at([model], scenario=None, script=script)


def mock(told: Connection) -> None:
    """The product, as `evalkit mocks serve` runs it."""
    serve(_mocks(), ready=lambda urls: told.send(int(urls["llm"].rpartition(":")[2])))


def journaled(told: Connection) -> None:
    """The same with a journal that keeps what is told to it, as in a live run."""
    (served,) = _mocks().services
    world = LiveWorld(journal=Latest())
    world.attribution.strangers = True
    schedule = Schedule(rules=(), seed=0, scenario="served")
    desk = Desk(journal=world.journal, clock=world.clock, schedule=schedule, seed=0)
    endpoint = ServiceEndpoint(served.template.fresh(), desk)
    with few_collections():
        world.run(listening(told, world, endpoint))


class Latest(Journal):
    """A journal that lets go of what is old, as one of sessions that end does."""

    def append(self, record: AnyRecord) -> None:
        """Keep a record."""
        super().append(record)
        if len(self._records) > 10_000:
            self._records.clear()


async def listening(told: Connection, world: LiveWorld, endpoint: Endpoint) -> None:
    """Have an endpoint answer at a port, which is told."""
    to = Entrance(
        endpoint=endpoint,
        attribution=world.attribution,
        lives=world.lives,
        own=world.meter.own,
    )
    told.send(await world.network.listen(to))
    await asyncio.Event().wait()


class Stamping:
    """An endpoint that plays one reply, and notes how many ns late it is at each part of it."""

    def __init__(self, reply: Reply, clock: LiveClock) -> None:
        self.reply, self.clock = reply, clock
        self.late: list[int] = []
        self.due: list[int] = []
        due = 0
        for step in reply.plan:
            due += step.ns if isinstance(step, Wait) else 0
            self.due += [due] if isinstance(step, Send) else []

    def connecting(self) -> Admission:
        return Admission()

    def open(self, _: Request) -> Stamped:
        return Stamped(self)


class Stamped:
    """One exchange of it."""

    waits = False

    def __init__(self, of: Stamping) -> None:
        self._of, self._began, self._parts = of, of.clock.now, iter(of.due)

    async def reply(self) -> Reply:
        return self._of.reply

    def played(self, step: Step) -> None:
        if type(step) is Send:
            self._of.late.append(self._of.clock.now - self._began - next(self._parts))

    def closed(self, outcome: Outcome, sent: int) -> None:
        """It keeps nothing of that."""


def played(told: Connection, *, stream: bool) -> None:
    """A plan on the loopback network: one delay, or a stream of tokens. Asked how late it was, it
    tells that.
    """
    tokens = [step for _ in range(TOKENS - 1) for step in (Wait(int(GAP * 1e9)), Send(b"t"))]
    plan = (Wait(int(FIRST * 1e9)), Head(), Send(b"t"), *tokens)
    whole = (Wait(int(DELAY * 1e9)), Head(), Send(b"t"))
    size = str(TOKENS if stream else 1)
    reply = Reply(status=200, headers=(("content-length", size),), plan=plan if stream else whole)
    world = LiveWorld()
    endpoint = Stamping(reply, world.clock)

    def tell() -> None:
        told.recv()
        told.send(endpoint.late)

    async def main() -> None:
        asyncio.get_running_loop().add_reader(told.fileno(), tell)
        await listening(told, world, endpoint)

    with few_collections():
        world.run(main())


def bare_aiohttp(told: Connection) -> None:
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


def bare_httptools(told: Connection) -> None:
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
        self._expect()
        self.parts.append([])
        self._began = time.perf_counter()
        self._transport.write(self.post())  # type: ignore[attr-defined]

    def _expect(self) -> None:
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self.parts[-1] += [time.perf_counter() - self._began] * min(len(part), TOKENS)

    def on_message_complete(self) -> None:
        self.statuses.add(self._parser.get_status_code())
        self._next()

    def _next(self) -> None:
        if self.going():
            self.ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Listener(_Client):
    """The same for replies of one length whose parts are bytes, at next to no cost of its own."""

    def _expect(self) -> None:
        self._size: int | None = None

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter() - self._began
        if self._size is None:
            head, _, data = data.partition(b"\r\n\r\n")
            self._size = int(head.partition(b"content-length: ")[2])
        came = self.parts[-1]
        came += [now] * len(data)
        if len(came) >= self._size:
            self._next()


def ask(
    port: int,
    connections: int,
    seconds: float,
    over: float = 0.0,
    post: Callable[[], bytes] = the_same,
    kind: type[_Client] = _Client,
) -> list[_Client]:
    """Ask a server for so long over so many connections, opened over a while."""
    loop = live_loop(LiveClock())

    async def main() -> list[_Client]:
        until = time.perf_counter() + over + seconds
        clients: list[_Client] = []
        for _ in range(connections):
            client = kind(lambda: time.perf_counter() < until, loop.create_future(), post)
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


Served: TypeAlias = tuple[multiprocessing.Process, int, Connection]


def served(server: Callable[..., None], **settings: bool) -> Served:
    """A server in a process of its own, its port, and what leads to it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=server, args=(theirs,), kwargs=settings, daemon=True
    )
    process.start()
    return process, ours.recv(), ours  # type: ignore[return-value]


def cpu_of(process: multiprocessing.Process) -> float:
    """The CPU seconds that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rates() -> Mapping[str, Mapping[str, float]]:
    """Calls per second of each server's CPU, by what is asked of it, in turn; the best of three.
    What else the machine does counts little then.
    """
    found: dict[str, dict[str, float]] = {}
    running = {name: served(server) for name, server in SERVERS.items()}
    for _ in range(3):
        for what, post in POSTS.items():
            best = found.setdefault(what, {})
            for name, (process, port, _) in running.items():
                best[name] = max(best.get(name, 0), rate(process, port, post))
    for process, _, _ in running.values():
        process.terminate()
    return found


def rate(process: multiprocessing.Process, port: int, post: Callable[[], bytes]) -> float:
    """Calls per second of a server's CPU."""
    before = cpu_of(process)
    clients = ask(port, CONNECTIONS, SECONDS, post=post)
    assert {status for each in clients for status in each.statuses} == {200}
    calls = sum(len(each.parts) for each in clients)
    return calls / max(cpu_of(process) - before, 0.01)


Late: TypeAlias = tuple[float, float]
"""The median and the 99th percentile, in ms."""


def lateness(connections: int, *, stream: bool, over: float) -> tuple[Late, Late, int]:
    """How late what was due came: as the server says, as the client saw it, and of how many."""
    process, port, pipe = served(played, stream=stream)
    clients = ask(port, connections, 1.0, over, kind=_Listener)
    pipe.send("how late?")
    own = sorted(each / 1e6 for each in pipe.recv())
    process.terminate()
    process.join()
    seen = sorted(
        1000 * (came - (FIRST + number * GAP if stream else DELAY))
        for client in clients
        for parts in client.parts
        for number, came in enumerate(parts)
    )
    return _spread(own), _spread(seen), len(seen)


def _spread(values: list[float]) -> Late:
    return values[len(values) // 2], values[int(len(values) * 0.99)]


SERVERS = {
    "bare httptools": bare_httptools,
    "bare aiohttp": bare_aiohttp,
    "mock": mock,
    "mock, journal kept": journaled,
}
POSTS = {"one body": the_same, "new bodies": always_another, "growing chats": growing}


def main() -> None:
    """Print it."""
    print(f"{'calls per CPU second':<20}" + "".join(f"{what:>22}" for what in POSTS))
    found = rates()
    for name in SERVERS:
        shown = [
            f"{each[name]:,.0f} ({each[name] / each['bare aiohttp']:4.2f})"
            for each in found.values()
        ]
        print(f"{name:<20}" + "".join(f"{each:>22}" for each in shown))
    print("(beside each: how many times bare aiohttp's)")
    for what, connections, stream, over in (
        ("delay, 200 connections (1,000 calls/s)", 200, False, DELAY),
        ("delay, 500 connections", 500, False, 2 * DELAY),
        ("1 stream", 1, True, 0.0),
        ("100 streams", 100, True, 0.5),
        ("500 streams", 500, True, 1.0),
    ):
        own, seen, of = lateness(connections, stream=stream, over=over)
        print(
            f"{what:<40} server late {own[0]:4.1f} ms p50, {own[1]:5.1f} ms p99; "
            f"client sees {seen[0]:4.1f} and {seen[1]:5.1f} (of {of:,})"
        )


if __name__ == "__main__":
    main()
