"""Clients that mean harm: they break no service, starve no neighbour, and fill no memory."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from evalkit.journal.records import Outcome
from evalkit.wire import Reply
from evalkit.world.http import HttpConnection
from evalkit.world.reader import Limits, RequestReader, Room
from tests.world.endpoints import HOST, MS, Answering, always, run

OK = Reply.json({"fine": True}).after(100 * MS)
NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
MB = 1024 * 1024
TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase.encode()  # other words since Python 3.13
HEAD = b"POST / HTTP/1.1\r\nhost: api.test\r\n"
GET = b"GET / HTTP/1.1\r\nhost: api.test\r\n\r\n"
Attack = Callable[[], Awaitable[bytes]]


async def opened() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(HOST, 80)


async def sent(*parts: bytes, end: bool = False, gap: float = 0) -> bytes:
    """Send these parts, until there is an answer; the first line of it, for a minute."""
    reader, writer = await opened()
    answer = asyncio.create_task(reader.readline())
    for part in parts:
        if answer.done():
            break
        writer.write(part)
        await asyncio.sleep(gap)
    if end:
        writer.write_eof()
    try:
        return (await asyncio.wait_for(answer, 60)).rstrip()
    except TimeoutError:
        return b"nothing"
    finally:
        writer.close()


def repeated(part: bytes, count: int) -> tuple[bytes, ...]:
    return (part,) * count


ATTACKS: dict[str, tuple[Attack, bytes]] = {
    "headers byte by byte": (
        lambda: sent(*(GET[n : n + 1] for n in range(len(GET))), gap=1),
        b"HTTP/1.1 200 OK",
    ),
    "headers that stop coming": (lambda: sent(HEAD), b"nothing"),
    "a head that never ends": (
        lambda: sent(HEAD, *repeated(b"x-a: " + b"a" * 500 + b"\r\n", 1000), gap=0.01),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "one header that never ends": (
        lambda: sent(HEAD + b"x-a: ", *repeated(b"a" * MB, 20)),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "a million headers at once": (
        lambda: sent(HEAD + b"a: b\r\n" * 1_000_000),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "a target that never ends": (
        lambda: sent(b"GET /" + b"a" * (5 * MB)),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "a body larger than any": (
        lambda: sent(HEAD + b"content-length: 99999999999\r\n\r\n", *repeated(b"a" * MB, 70)),
        b"HTTP/1.1 413 " + TOO_LARGE,
    ),
    "chunks of one byte without end": (
        lambda: sent(
            HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 500_000, end=True
        ),
        b"",
    ),
    "a chunk extension that never ends": (
        lambda: sent(HEAD + b"transfer-encoding: chunked\r\n\r\n1;", *repeated(b"a" * MB, 10)),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "trailers without end": (
        lambda: sent(
            HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n", *repeated(b"t: x\r\n" * 10_000, 9)
        ),
        b"HTTP/1.1 431 Request Header Fields Too Large",
    ),
    "a chunk size beyond all numbers": (
        lambda: sent(HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n"),
        b"HTTP/1.1 400 Bad Request",
    ),
    "a chunk that is none": (
        lambda: sent(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n"),
        b"HTTP/1.1 400 Bad Request",
    ),
    "two lengths": (
        lambda: sent(HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        b"HTTP/1.1 400 Bad Request",
    ),
    "no HTTP at all": (
        lambda: sent(b"\x16\x03\x01" + bytes(range(256)) * 100),
        b"HTTP/1.1 400 Bad Request",
    ),
    "a hundred thousand requests at once": (
        lambda: sent(GET * 100_000),
        b"HTTP/1.1 503 Service Unavailable",
    ),
    "large bodies in a row": (
        lambda: sent((HEAD + b"content-length: 8388608\r\n\r\n" + b"a" * 8 * MB) * 12),
        b"HTTP/1.1 503 Service Unavailable",
    ),
    "half-closed in mid-body": (
        lambda: sent(HEAD + b"content-length: 10\r\n\r\nabc", end=True),
        b"",
    ),
    "half-closed at once": (lambda: sent(end=True), b""),
}


async def neighbour(client: httpx.AsyncClient) -> list[float]:
    """How long each of some calls takes, one every 100 ms, in seconds of world time."""
    loop, took = asyncio.get_running_loop(), []
    for _ in range(10):
        began = loop.time()
        assert (await client.get("/")).json() == {"fine": True}
        took.append(round(loop.time() - began, 6))
    return took


def beside(attack: Attack, service: Answering) -> tuple[Any, list[float], int]:
    """What the attack gets back, what its neighbour sees meanwhile, and the bytes it took."""

    async def main() -> tuple[Any, list[float]]:
        async with httpx.AsyncClient(base_url=f"http://{HOST}") as client:
            return tuple(await asyncio.gather(attack(), neighbour(client)))  # type: ignore[return-value]

    tracemalloc.start()
    try:
        got, took = run(main(), service).value
        return got, took, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_hurts_nobody(name: str) -> None:
    attack, answer = ATTACKS[name]
    got, took, most = beside(attack, always(OK))
    assert got == answer
    assert took == [0.1] * 10
    assert most < 400 * MB


def test_thousands_of_connections_hurt_nobody() -> None:
    async def crowd() -> int:
        held = [await opened() for _ in range(3000)]
        for _, writer in held:
            writer.write(b"GET / HTT")
        await asyncio.sleep(30)
        for _, writer in held[::2]:
            writer.write(b"P/1.1\r\nhost: a\r\n\r\n")
        lines = [await reader.readline() for reader, _ in held[::2]]
        for _, writer in held:
            writer.close()
        return lines.count(b"HTTP/1.1 200 OK\r\n")

    service = always(OK)
    answered, took, most = beside(crowd, service)
    assert answered == 1500
    assert took == [0.1] * 10
    assert most < 200 * MB
    assert service.outcomes == [Outcome.REPLIED] * 1510


def test_bodies_without_end_on_many_connections_share_one_room() -> None:
    room, limits = Room(1000), Limits(body=600)
    readers = [RequestReader(limits, room) for _ in range(3)]
    for each in readers:
        each.feed(HEAD + b"content-length: 9999\r\n\r\n" + b"a" * 400)
    assert [each.refusal for each in readers] == [None, None, 503]
    readers[0].drop()
    readers.append(RequestReader(limits, room))
    readers[3].feed(HEAD + b"content-length: 500\r\n\r\n" + b"a" * 500)
    readers[1].feed(b"a" * 100)
    assert [each.refusal for each in readers] == [None, None, 503, None]
    assert readers[1].feed(b"a" * 200) == []
    assert readers[1].refusal == 413
    assert room.take(1000)


def test_whoever_reads_nothing_of_what_it_asks_for_is_cut_off() -> None:
    large = Reply.whole(b"a" * MB, content_type="text/plain")

    async def main() -> int:
        _, writer = await opened()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for count in range(500):
            if writer.is_closing():
                return count
            writer.write(GET)
            await asyncio.sleep(0)
        return 500

    tracemalloc.start()
    try:
        asked = run(main(), always(large)).value
        assert 60 <= asked <= 70
        assert tracemalloc.get_traced_memory()[1] < 300 * MB
    finally:
        tracemalloc.stop()


def test_a_connection_that_is_gone_is_forgotten() -> None:
    async def main() -> int:
        async with httpx.AsyncClient(base_url=f"http://{HOST}", limits=NONE_KEPT) as client:
            for _ in range(200):
                await client.get("/")
        return 0

    world = run(main(), always(OK)).world
    kept: list[HttpConnection] = [
        each for known in world.network._connections.values() for each in known
    ]
    assert len(kept) <= 40
