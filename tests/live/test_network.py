from __future__ import annotations

import asyncio
import socket
import time

import pytest

from evalkit.journal.records import Outcome
from evalkit.live.world import LiveWorld
from evalkit.wire import Cut, Head, Reply, Reset, Send, Stall, Wait
from evalkit.world.endpoint import Admission
from tests.live.worlds import live
from tests.world.endpoints import Answering, always

MS = 1_000_000
GET = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


async def _ask(port: int, request: bytes = GET) -> tuple[bytes, type[BaseException] | None]:
    """All that comes back, and the error that ended it if one did."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = b""
    try:
        writer.write(request)
        while part := await asyncio.wait_for(reader.read(65536), 2):
            data += part
            if b"\r\n\r\nok" in data:
                break
    except (ConnectionError, TimeoutError) as error:
        return data, type(error)
    finally:
        writer.transport.abort()
    return data, None


def _ok(*before: object) -> Reply:
    return Reply(
        status=200,
        headers=(("content-length", "2"),),
        plan=(*before, Head(), Send(b"ok")),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_a_service_answers_on_a_real_socket(fast: bool) -> None:
    endpoint = always(_ok())
    (data, error), world = live(endpoint, lambda _, port: _ask(port), fast=fast)
    assert data.startswith(b"HTTP/1.1 200 OK")
    assert error is None
    assert [each.path for each in endpoint.requests] == ["/x"]
    assert world.network.opened == 1


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_a_wait_is_never_cut_short(fast: bool) -> None:
    async def client(_: LiveWorld, port: int) -> int:
        began = time.monotonic_ns()
        await _ask(port)
        return time.monotonic_ns() - began

    took, _ = live(always(_ok(Wait(30 * MS))), client, fast=fast)
    assert took >= 30 * MS


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ((Reset(),), (b"", ConnectionResetError)),
        ((Cut(),), (b"", None)),
        ((Stall(),), (b"", TimeoutError)),
    ],
    ids=["reset", "cut", "stall"],
)
def test_a_client_sees_what_is_done_to_its_connection(
    plan: tuple[object, ...], expected: tuple[bytes, type[BaseException] | None]
) -> None:
    reply = Reply(status=200, plan=plan)  # type: ignore[arg-type]
    seen, _ = live(always(reply), lambda _, port: _ask(port))
    assert seen == expected


def test_a_connection_that_is_refused_is_broken() -> None:
    outcomes: list[Outcome] = []
    endpoint = always(_ok())
    endpoint.admission = Admission(refused=True, over=outcomes.append)

    async def client(world: LiveWorld, port: int) -> object:
        with world.attribution.turn(_caller()):
            return await _ask(port)

    seen, _ = live(endpoint, client)
    assert seen == (b"", ConnectionResetError)
    assert outcomes == [Outcome.REFUSED]
    assert endpoint.requests == []


def test_what_a_client_sends_early_waits_until_it_is_let_in() -> None:
    endpoint = always(_ok())
    endpoint.admission = Admission(wait=20 * MS)

    async def client(world: LiveWorld, port: int) -> tuple[bytes, int]:
        with world.attribution.turn(_caller()):
            began = world.clock.now
            data, _ = await _ask(port)
            return data, world.clock.now - began

    (data, took), _ = live(endpoint, client)
    assert data.endswith(b"ok")
    assert took >= 20 * MS


def test_idle_connections_are_closed_on_demand() -> None:
    endpoint = always(_ok())

    async def client(world: LiveWorld, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readuntil(b"ok")
        world.network.close_idle(endpoint)
        rest = await reader.read()
        writer.close()
        return rest

    assert live(endpoint, client)[0] == b""


def test_ports_are_given_back() -> None:
    async def client(_: LiveWorld, port: int) -> int:
        return port

    port, _ = live(always(_ok()), client)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_told_of() -> None:
    from evalkit.errors import StartError
    from tests.live.worlds import entrance

    async def client(world: LiveWorld, port: int) -> None:
        await world.network.listen(entrance(world, always(_ok())), port)

    with pytest.raises(StartError, match="nothing can listen on"):
        live(always(_ok()), client)


def test_a_reply_that_waits_is_abandoned_with_its_client() -> None:
    began, left = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> Reply:
        began.set()
        try:
            await asyncio.sleep(5)
        finally:
            left.set()
        return _ok()

    endpoint = Answering(slow)

    async def client(_: LiveWorld, port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await began.wait()
        writer.transport.abort()
        await asyncio.wait_for(left.wait(), 2)

    live(endpoint, client)
    assert endpoint.outcomes == [Outcome.ABANDONED]


def _caller() -> object:
    from evalkit.wire import Caller

    return Caller(session="s-1", turn=1)
