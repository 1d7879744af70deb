"""Names, addresses and connections of the network in memory."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from evalkit.wire import Reply
from evalkit.world.endpoint import Admission
from evalkit.world.world import World
from tests.world.endpoints import HOST, SECOND, always, run
from tests.world.test_http import GET, OK, WIRE_OK, exchange


@pytest.mark.parametrize("host", ["api.test", "API.test", "api.test.", b"api.test", "198.18.0.1"])
@pytest.mark.parametrize("port", [80, 443, 8080, "80", "https", b"http"])
def test_a_service_answers_at_its_name_and_address_on_any_port(host: Any, port: Any) -> None:
    async def main() -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(GET)
        answer = await reader.readexactly(len(WIRE_OK))
        writer.close()
        return answer

    assert run(main(), always(OK)).value == WIRE_OK


def test_names_resolve_to_addresses_set_aside_for_tests() -> None:
    async def main() -> Any:
        loop = asyncio.get_running_loop()
        found = [await loop.getaddrinfo(name, 443) for name in ("a.test", "b.test")]
        again = await loop.getaddrinfo("198.18.0.2", "https", family=socket.AF_INET)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("a.test", 443, family=socket.AF_INET6)
        name = await loop.getnameinfo(("198.18.0.2", 443))
        return found, again, name

    found, again, name = run(main(), {"a.test": always(OK), "b.test": always(OK)}).value

    stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    assert found == [[(*stream, ("198.18.0.1", 443))], [(*stream, ("198.18.0.2", 443))]]
    assert again == found[1]
    assert name == ("198.18.0.2", "443")


def test_a_service_may_be_declared_by_its_address() -> None:
    async def main() -> bytes:
        reader, writer = await asyncio.open_connection("10.1.2.3", 80)
        writer.write(GET)
        answer = await reader.readexactly(len(WIRE_OK))
        writer.close()
        return answer

    assert run(main(), {"10.1.2.3": always(OK)}).value == WIRE_OK


def test_one_service_may_answer_at_several_hosts_and_be_replaced() -> None:
    world = World()
    first, second = always(OK), always(Reply.json({}))
    for host in ("a.test", "b.test"):
        world.serve(host, first)
    world.serve("b.test", second)

    async def main() -> None:
        for host in ("a.test", "b.test"):
            _, writer = await asyncio.open_connection(host, 80)
            writer.write(GET)
            await asyncio.sleep(0.001)
            writer.close()

    world.run(main())

    assert (len(first.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "host and port or sock"),
        ({"host": HOST, "port": 80, "sock": socket.socket}, "host and port or sock"),
        ({"sock": socket.socket, "ssl": True}, "server_hostname"),
    ],
)
def test_wrong_ways_to_connect_are_refused(arguments: dict[str, Any], message: str) -> None:
    async def main() -> None:
        with socket.socket() as made:
            given = {
                key: made if value is socket.socket else value for key, value in arguments.items()
            }
            with pytest.raises(ValueError, match=message):
                await asyncio.get_running_loop().create_connection(asyncio.Protocol, **given)

    run(main(), always(OK))


@pytest.mark.parametrize(
    ("admission", "refused", "after"),
    [
        (Admission(), False, 0),
        (Admission(wait=SECOND), False, SECOND),
        (Admission(refused=True), True, 0),
        (Admission(refused=True, wait=SECOND), True, SECOND),
    ],
)
@pytest.mark.parametrize("own_socket", [False, True])
def test_a_service_admits_or_refuses(
    admission: Admission, refused: bool, after: int, own_socket: bool
) -> None:
    async def connect() -> None:
        loop = asyncio.get_running_loop()
        if not own_socket:
            transport, _ = await loop.create_connection(asyncio.Protocol, HOST, 80)
        else:
            with socket.socket() as made:
                made.setblocking(False)
                await loop.sock_connect(made, ("198.18.0.1", 80))
                transport, _ = await loop.create_connection(asyncio.Protocol, sock=made)
        transport.close()

    async def main() -> bool:
        try:
            await connect()
        except ConnectionRefusedError as error:
            assert error.errno == 111
            return True
        return False

    service = always(OK)
    service.admission = admission
    ran = run(main(), service)

    assert (ran.value, ran.now, ran.opened) == (refused, after, 0 if refused else 1)


def test_closing_idle_connections_spares_the_busy_ones() -> None:
    service = always(OK.after(SECOND))
    world = World()
    world.serve(HOST, service)

    async def idle(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, 80)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def main() -> list[bytes]:
        clients = [asyncio.create_task(idle(request)) for request in (b"", GET, GET[:9])]
        await asyncio.sleep(0.5)
        world.network.close_idle(service)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done = [client.done() for client in clients]
        await asyncio.sleep(5)
        world.network.close_idle(service)
        assert done == [True, False, False]
        clients[2].cancel()
        return await asyncio.gather(*clients[:2])

    assert world.run(main()) == [b"", WIRE_OK]


def test_a_connection_of_the_last_world_is_not_used_in_the_next() -> None:
    kept: list[Any] = []

    async def open_it() -> None:
        kept.extend(await asyncio.open_connection(HOST, 80))

    async def look() -> tuple[bool, int]:
        with pytest.raises(ConnectionResetError):
            await kept[0].read()
        return kept[1].is_closing(), kept[1].get_extra_info("socket").fileno()

    run(open_it(), always(OK))

    assert run(look(), always(OK)).value == (True, -1)


def test_connections_are_counted() -> None:
    async def main() -> None:
        for _ in range(3):
            await exchange(GET, eof=True)

    assert run(main(), always(OK)).opened == 3
