"""aiohttp runs unmodified in the world."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from evalkit.journal.records import Outcome
from evalkit.wire import Cut, Head, Raw, Reply, Reset, Send, Stall, Wait
from evalkit.world.endpoint import Admission
from evalkit.world.world import World
from tests.world.endpoints import HOST, MS, SECOND, always, on_behalf, passed, run

OK = Reply.json({"ok": True})
SLOW = OK.after(200 * MS)
LENGTH = (("content-length", "100"),)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_reaches_the_service_and_its_reply_comes_back(scheme: str) -> None:
    async def agent() -> Any:
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{scheme}://{HOST}/tickets?a=1", json={"text": "é"}) as reply,
        ):
            return reply.status, await reply.json()

    service = always(SLOW)
    ran = run(agent(), service)

    assert ran.value == (200, {"ok": True})
    assert ran.now == 200 * MS
    [request] = service.requests
    assert (request.method, request.path, request.query) == ("POST", "/tickets", (("a", "1"),))
    assert request.json() == {"text": "é"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_stream_arrives_chunk_by_chunk_at_its_times(scheme: str) -> None:
    async def agent() -> Any:
        seen = []
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{scheme}://{HOST}/") as reply,
        ):
            async for data, _ in reply.content.iter_chunks():
                seen.append((data, round(passed() / MS)))
        return seen

    chunks = Reply(chunked=True, plan=(Head(), Send(b"one"), Wait(20 * MS), Send(b"two")))

    assert run(agent(), always(chunks)).value == [(b"one", 0), (b"two", 20)]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_pooled_requests_share_one_connection(scheme: str) -> None:
    async def agent() -> None:
        async with aiohttp.ClientSession() as client:
            for _ in range(100):
                async with client.get(f"{scheme}://{HOST}/") as reply:
                    await reply.read()

    ran = run(agent(), always(SLOW))

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS


@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (aiohttp.ClientTimeout(sock_read=30), aiohttp.SocketTimeoutError),
        (aiohttp.ClientTimeout(total=30), asyncio.TimeoutError),
    ],
)
def test_a_timeout_fires_at_its_exact_time(
    timeout: aiohttp.ClientTimeout, error: type[Exception]
) -> None:
    async def agent() -> None:
        async with aiohttp.ClientSession(timeout=timeout) as client:
            with pytest.raises(error):
                await client.get(f"http://{HOST}/")

    service = always(Reply(plan=(Stall(),)))
    ran = run(agent(), service)

    # aiohttp rounds timeouts above 5 s up to a whole second of the loop's clock.
    assert ran.now == 30 * SECOND
    assert service.outcomes == [Outcome.ABANDONED]
    print(f"30 s of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


def test_latency_is_exact_at_any_concurrency() -> None:
    async def agent() -> list[float]:
        async with aiohttp.ClientSession() as client:

            async def call() -> int:
                began = passed()
                async with client.get(f"http://{HOST}/") as reply:
                    await reply.read()
                return passed() - began

            return await asyncio.gather(*(call() for _ in range(50)))

    assert run(agent(), always(SLOW)).value == [200 * MS] * 50


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(plan=(Reset(),)), aiohttp.ClientOSError),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Reset())), aiohttp.ClientPayloadError),
        (Reply(plan=(Cut(),)), aiohttp.ServerDisconnectedError),
        (None, aiohttp.ServerDisconnectedError),
        (Reply(chunked=True, plan=(Head(), Send(b"half"), Cut())), aiohttp.ClientPayloadError),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Cut())), aiohttp.ClientPayloadError),
        (Reply(plan=(Raw(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"),)), aiohttp.ClientResponseError),
        (Reply(plan=(Stall(),)), aiohttp.SocketTimeoutError),
        (Reply(headers=LENGTH, plan=(Head(), Send(b"half"), Stall())), aiohttp.SocketTimeoutError),
    ],
    ids=["reset", "reset in the body", "empty reply", "closed as idle", "cut in chunks",
         "cut short of its length", "malformed head", "stall", "stall in the body"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_broken_reply_raises_the_documented_error(
    scheme: str, reply: Reply | None, error: type[Exception]
) -> None:
    async def agent() -> None:
        timeout = aiohttp.ClientTimeout(sock_read=5)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            with pytest.raises(error):
                # A POST, because aiohttp itself repeats idempotent requests on a closed connection.
                async with client.post(f"{scheme}://{HOST}/") as answer:
                    await answer.read()

    run(agent(), always(reply))


@pytest.mark.parametrize(
    ("admission", "error", "after"),
    [
        (Admission(refused=True), aiohttp.ClientConnectorError, 0),
        (Admission(refused=True, wait=3 * SECOND), aiohttp.ClientConnectorError, 3 * SECOND),
        (Admission(wait=20 * SECOND), aiohttp.ConnectionTimeoutError, 5 * SECOND),
    ],
    ids=["refused", "refused late", "too slow"],
)
def test_a_connection_that_fails_raises_the_documented_error(
    admission: Admission, error: type[Exception], after: int
) -> None:
    async def agent() -> None:
        timeout = aiohttp.ClientTimeout(sock_connect=5)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            with pytest.raises(error):
                await client.get(f"http://{HOST}/")

    service = always(OK)
    service.admission = admission
    ran = run(agent(), service)

    assert (ran.now, ran.opened) == (after, 0)


@pytest.mark.parametrize("where", ["nowhere.test", "203.0.113.9", "localhost"])
def test_unmocked_egress_is_refused_and_found(where: str) -> None:
    async def agent() -> None:
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.get(f"https://{where}/")

    assert run(agent()).findings == [
        f"the agent tried to reach {where}:443, which no service declares"
    ]


def test_a_pooled_connection_that_the_service_closed_is_replaced() -> None:
    service = always(OK)
    world = World()
    world.serve(HOST, service)

    async def agent() -> None:
        async with aiohttp.ClientSession() as client:
            for _ in range(2):
                async with client.post(f"http://{HOST}/") as reply:
                    await reply.read()
                world.network.close_idle(service)
                await asyncio.sleep(0.001)

    world.run(agent())

    assert world.network.opened == 2


def test_a_pooled_connection_serves_each_session_in_its_own_name() -> None:
    async def agent() -> None:
        async with aiohttp.ClientSession() as client:
            for session in ("ann", "ben"):
                await asyncio.create_task(on_behalf(session, _read(client)))

    async def _read(client: aiohttp.ClientSession) -> None:
        async with client.get(f"http://{HOST}/") as reply:
            await reply.read()

    service = always(OK)

    assert run(agent(), service).opened == 1
    assert service.sessions == ["ann", "ben"]


def test_a_web_socket_is_refused() -> None:
    async def agent() -> int:
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await client.ws_connect(f"http://{HOST}/")
        return caught.value.status

    service = always(OK)

    assert run(agent(), service).value == 501
    assert service.requests == []
