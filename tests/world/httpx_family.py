"""Tests that httpx and httpx2 pass alike: the modules of both import them and name the library."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from evalkit.journal.records import Outcome
from evalkit.wire import Cut, Head, Raw, Reply, Reset, Send, Stall, Wait
from evalkit.world.endpoint import Admission
from tests.world.endpoints import HOST, MS, SECOND, always, on_behalf, passed, run

OK = Reply.json({"ok": True})
SLOW = OK.after(200 * MS)
CHUNKS = Reply(
    chunked=True,
    headers=(("content-type", "text/plain"),),
    plan=(Head(), Send(b"one "), Wait(20 * MS), Send(b"two "), Wait(20 * MS), Send(b"three")),
)
LENGTH = (("content-length", "100"),)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_reaches_the_service_and_its_reply_comes_back(
    library: ModuleType, scheme: str
) -> None:
    async def agent() -> Any:
        async with library.AsyncClient() as client:
            reply = await client.post(f"{scheme}://{HOST}/tickets?a=1", json={"text": "é"})
            return reply.status_code, reply.json()

    service = always(SLOW)
    ran = run(agent(), service)

    assert ran.value == (200, {"ok": True})
    assert ran.now == 200 * MS
    [request] = service.requests
    assert (request.method, request.path, request.query) == ("POST", "/tickets", (("a", "1"),))
    assert request.json() == {"text": "é"}
    assert request.host == HOST
    assert service.outcomes == [Outcome.REPLIED]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_stream_arrives_chunk_by_chunk_at_its_times(library: ModuleType, scheme: str) -> None:
    async def agent() -> Any:
        seen = []
        async with (
            library.AsyncClient() as client,
            client.stream("GET", f"{scheme}://{HOST}/") as reply,
        ):
            async for text in reply.aiter_text():
                seen.append((text, round(passed() / MS)))
        return seen

    assert run(agent(), always(CHUNKS)).value == [("one ", 0), ("two ", 20), ("three", 40)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_pooled_requests_share_one_connection(library: ModuleType, scheme: str) -> None:
    async def agent() -> None:
        async with library.AsyncClient() as client:
            for _ in range(100):
                await client.get(f"{scheme}://{HOST}/")

    service = always(SLOW)
    ran = run(agent(), service)

    assert ran.opened == 1
    assert len(service.requests) == 100
    assert ran.now == 100 * 200 * MS


def test_a_read_timeout_fires_at_its_exact_time(library: ModuleType) -> None:
    async def agent() -> None:
        async with library.AsyncClient(timeout=30) as client:
            with pytest.raises(library.ReadTimeout):
                await client.get(f"http://{HOST}/")

    service = always(Reply(plan=(Stall(),)))
    ran = run(agent(), service)

    assert ran.now == 30 * SECOND
    assert service.outcomes == [Outcome.ABANDONED]
    print(f"30 s of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


def test_latency_is_exact_at_any_concurrency(library: ModuleType) -> None:
    async def agent() -> list[float]:
        limits = library.Limits(max_connections=None)
        async with library.AsyncClient(limits=limits) as client:

            async def call() -> int:
                began = passed()
                await client.get(f"http://{HOST}/")
                return passed() - began

            return await asyncio.gather(*(call() for _ in range(50)))

    ran = run(agent(), always(SLOW))

    assert ran.value == [200 * MS] * 50
    assert ran.opened == 50


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(plan=(Reset(),)), "ReadError"),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Reset())), "ReadError"),
        (Reply(plan=(Cut(),)), "RemoteProtocolError"),
        (None, "RemoteProtocolError"),
        (Reply(chunked=True, plan=(Head(), Send(b"half"), Cut())), "RemoteProtocolError"),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Cut())), "RemoteProtocolError"),
        (Reply(plan=(Raw(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"),)), "RemoteProtocolError"),
        (Reply(plan=(Stall(),)), "ReadTimeout"),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Stall())), "ReadTimeout"),
    ],
    ids=["reset", "reset in the body", "empty reply", "closed as idle", "cut in chunks",
         "cut short of its length", "malformed head", "stall", "stall in the body"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_broken_reply_raises_the_documented_error(
    library: ModuleType, scheme: str, reply: Reply | None, error: str
) -> None:
    async def agent() -> str:
        async with library.AsyncClient(timeout=5) as client:
            with pytest.raises(library.TransportError) as caught:
                await client.get(f"{scheme}://{HOST}/")
        return type(caught.value).__name__

    assert run(agent(), always(reply)).value == error


def test_a_body_that_the_end_of_the_connection_ends_is_whole(library: ModuleType) -> None:
    async def agent() -> str:
        async with library.AsyncClient() as client:
            return str((await client.get(f"http://{HOST}/")).text)

    assert run(agent(), always(Reply(plan=(Head(), Send(b"all"), Cut())))).value == "all"


@pytest.mark.parametrize(
    ("admission", "error", "after"),
    [
        (Admission(refused=True), "ConnectError", 0),
        (Admission(refused=True, wait=3 * SECOND), "ConnectError", 3 * SECOND),
        (Admission(wait=20 * SECOND), "ConnectTimeout", 5 * SECOND),
    ],
    ids=["refused", "refused late", "too slow"],
)
def test_a_connection_that_fails_raises_the_documented_error(
    library: ModuleType, admission: Admission, error: str, after: int
) -> None:
    async def agent() -> str:
        async with library.AsyncClient(timeout=5) as client:
            with pytest.raises(library.TransportError) as caught:
                await client.get(f"http://{HOST}/")
        return type(caught.value).__name__

    service = always(OK)
    service.admission = admission
    ran = run(agent(), service)

    assert (ran.value, ran.now, ran.opened) == (error, after, 0)
    assert service.requests == []


@pytest.mark.parametrize("where", ["nowhere.test", "203.0.113.9", "localhost"])
def test_unmocked_egress_is_refused_and_found(library: ModuleType, where: str) -> None:
    async def agent() -> None:
        async with library.AsyncClient() as client:
            with pytest.raises(library.ConnectError):
                await client.get(f"https://{where}/")

    assert run(agent()).findings == [
        f"the agent tried to reach {where}:443, which no service declares"
    ]


def test_a_pooled_connection_that_the_service_closed_is_replaced(library: ModuleType) -> None:
    service = always(OK)

    async def agent() -> None:
        async with library.AsyncClient() as client:
            await client.get(f"http://{HOST}/")
            world.network.close_idle(service)
            await client.get(f"http://{HOST}/")

    from evalkit.world.world import World

    world = World()
    world.serve(HOST, service)
    world.run(agent())

    assert world.network.opened == 2
    assert len(service.requests) == 2


def test_a_pooled_connection_serves_each_session_in_its_own_name(library: ModuleType) -> None:
    async def agent() -> None:
        async with library.AsyncClient() as client:
            for session in ("ann", "ben"):
                call = on_behalf(session, client.get(f"http://{HOST}/"))
                await asyncio.create_task(call)

    service = always(OK)

    assert run(agent(), service).opened == 1
    assert service.sessions == ["ann", "ben"]


def test_a_blocking_client_is_refused_with_a_hint(library: ModuleType) -> None:
    async def agent() -> None:
        with library.Client() as client:
            await asyncio.to_thread(client.get, f"http://{HOST}/")

    with pytest.raises(library.ConnectError, match="run this agent live"):
        run(agent(), always(OK))
