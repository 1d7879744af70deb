"""Connections in memory, as asyncio's protocols and streams use them."""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.journal.records import Outcome
from evalkit.wire import Head, Raw, Reply, Reset, Send, Wait
from evalkit.world.transport import MemoryTransport
from tests.world.endpoints import HOST, MS, SECOND, always, run
from tests.world.test_http import GET, OK, WIRE_OK

CLOSING = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n"


class Client(asyncio.Protocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.ended = asyncio.get_running_loop().create_future()
        self.half_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.events.append(data)

    def eof_received(self) -> bool:
        self.events.append("end")
        return self.half_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(type(exc))
        self.ended.set_result(None)


class Pair(asyncio.Protocol):
    """A server that does as a test says."""

    def __init__(self, react: Callable[[asyncio.Transport, bytes], None] | None = None) -> None:
        self.events: list[Any] = []
        self._react = react

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.events.append(data)
        if self._react is not None:
            self._react(self.transport, data)

    def eof_received(self) -> bool:
        self.events.append("end")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(type(exc))


def connected(server: Pair) -> Client:
    client = Client()
    MemoryTransport(asyncio.get_running_loop(), client, {}, is_client=True).connect(server)
    return client


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_data_reaches_the_server_at_once_and_the_client_from_the_loop() -> None:
    async def main() -> None:
        server = Pair(lambda transport, data: transport.write(data.upper()))
        client = connected(server)
        client.transport.write(b"a")
        client.transport.writelines([b"b", b"c"])
        assert server.events == [b"a", b"bc"]
        assert client.events == []
        await settle()
        assert client.events == [b"A", b"BC"]

    run(main())


def test_reading_can_be_paused() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        client.transport.pause_reading()
        assert not client.transport.is_reading()
        server.transport.write(b"a")
        server.transport.write(b"b")
        server.transport.close()
        await settle()
        assert client.events == []
        assert client.transport.has_arrived()
        client.transport.resume_reading()
        client.transport.resume_reading()
        await settle()
        assert client.events == [b"a", b"b", "end", type(None)]

    run(main())


def test_reading_can_be_paused_while_it_goes_on() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        client.data_received = lambda data: (  # type: ignore[method-assign]
            client.events.append(data), client.transport.pause_reading()
        )  # fmt: skip
        for data in (b"a", b"b"):
            server.transport.write(data)
        await settle()
        assert client.events == [b"a"]
        client.transport.resume_reading()
        await settle()
        assert client.events == [b"a", b"b"]

    run(main())


def test_a_buffered_protocol_is_fed_through_its_buffer() -> None:
    class Buffered(asyncio.BufferedProtocol):
        buffer = bytearray(3)
        data = b""

        def get_buffer(self, sizehint: int) -> bytearray:
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.data += bytes(self.buffer[:nbytes])

    async def main() -> bytes:
        server, client = Pair(), Buffered()
        loop = asyncio.get_running_loop()
        MemoryTransport(loop, client, {}, is_client=True).connect(server)
        server.transport.write(b"abcdefgh")
        await settle()
        return client.data

    assert run(main()).value == b"abcdefgh"


@pytest.mark.parametrize("raised", ["in data_received", "by an empty buffer"])
def test_a_protocol_that_raises_loses_its_connection(raised: str) -> None:
    class Empty(asyncio.BufferedProtocol):
        def get_buffer(self, sizehint: int) -> bytearray:
            return bytearray()

    class Broken(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise LookupError

    async def main() -> tuple[list[Any], list[Any]]:
        complaints: list[Any] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["exception"]))
        server = Pair()
        client: Any = Broken() if raised == "in data_received" else Empty()
        lost: list[Any] = []
        client.connection_lost = lost.append
        MemoryTransport(loop, client, {}, is_client=True).connect(server)
        server.transport.write(b"x")
        await settle()
        assert server.events == [ConnectionResetError]
        return lost, complaints

    lost, complaints = run(main()).value

    assert lost == complaints
    assert isinstance(lost[0], LookupError | RuntimeError)


def test_a_connection_can_be_half_closed() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        assert client.transport.can_write_eof()
        client.transport.write(b"all")
        client.transport.write_eof()
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            client.transport.write(b"more")
        server.transport.write(b"answer")
        await settle()
        assert server.events == [b"all", "end"]
        assert client.events == [b"answer"]
        server.transport.close()
        await client.ended
        assert client.events == [b"answer", "end", type(None)]

    run(main())


def test_a_client_may_keep_its_half_open() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        client.half_open = True
        server.transport.write_eof()
        await settle()
        assert client.events == ["end"]
        assert not client.transport.is_closing()
        client.transport.write(b"still")
        assert server.events == [b"still"]
        client.transport.close()
        await settle()
        assert server.events == [b"still", "end", type(None)]

    run(main())


def test_closing_is_in_order() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        server.transport.write(b"last words")
        server.transport.close()
        server.transport.write(b"never said")
        await client.ended
        assert client.events == [b"last words", "end", type(None)]
        assert client.transport.is_closing()
        client.transport.close()
        client.transport.abort()
        client.transport.write(b"ignored")
        await settle()
        assert server.events == [type(None)]

    run(main())


@pytest.mark.parametrize("who", ["server", "client"])
def test_aborting_breaks_the_connection(who: str) -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        ends = {"server": server, "client": client}
        one = ends.pop(who)
        [other] = ends.values()
        one.transport.write(b"last words")
        one.transport.abort()
        await settle()
        assert one.events == [type(None)]
        assert other.events == [b"last words", ConnectionResetError]
        assert other.transport.is_closing()

    run(main())


def test_writing_to_a_service_that_is_gone_breaks_the_connection() -> None:
    async def main() -> None:
        server = Pair()
        client = connected(server)
        client.half_open = True
        server.transport.close()
        await settle()
        assert client.events == ["end"]
        client.transport.write(b"hello?")
        await settle()
        assert client.events == ["end", ConnectionResetError]

    run(main())


@pytest.mark.parametrize("data", ["text", 5, None])
def test_only_bytes_can_be_written(data: Any) -> None:
    async def main() -> None:
        client = connected(Pair())
        with pytest.raises(TypeError, match="bytes-like"):
            client.transport.write(data)

    run(main())


def test_buffers_and_views_can_be_written() -> None:
    async def main() -> list[Any]:
        server = Pair()
        client = connected(server)
        data = bytearray(b"abc")
        client.transport.write(data)
        data[0] = 0
        client.transport.write(memoryview(b"def"))
        client.transport.write(b"")
        client.transport.set_write_buffer_limits(5)
        assert client.transport.get_write_buffer_size() == 0
        assert client.transport.get_write_buffer_limits() == (0, 0)
        return server.events

    assert run(main()).value == [b"abc", b"def"]


# Streams and TLS -------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [None, True, ssl.create_default_context()])
def test_streams(tls: Any) -> None:
    async def main() -> Any:
        reader, writer = await asyncio.open_connection(HOST, 443, ssl=tls)
        writer.write(GET)
        await writer.drain()
        answer = await reader.readexactly(len(WIRE_OK))
        told = {name: writer.get_extra_info(name) for name in ("peername", "sockname", "cipher")}
        writer.close()
        await writer.wait_closed()
        return answer, told

    answer, told = run(main(), always(OK)).value

    assert answer == WIRE_OK
    assert told["peername"] == ("198.18.0.1", 443)
    assert bool(told["cipher"]) == bool(tls)


def test_starting_tls_on_an_open_connection() -> None:
    async def main() -> Any:
        reader, writer = await asyncio.open_connection(HOST, 443)
        await writer.start_tls(ssl.create_default_context(), server_hostname=HOST)
        writer.write(CLOSING)
        answer = await reader.read()
        certificate = writer.get_extra_info("peercert")
        writer.close()
        return answer, certificate

    answer, certificate = run(main(), always(OK)).value

    assert answer.endswith(b"\r\n\r\nok")
    assert certificate["subjectAltName"] == (("DNS", HOST),)


def test_a_stalled_reader_loses_nothing() -> None:
    pieces = [b"x" * 50_000] * 20
    reply = Reply(plan=(Head(), *(Send(piece) for piece in pieces)))

    async def main() -> int:
        reader, writer = await asyncio.open_connection(HOST, 80, limit=1000)
        writer.write(GET)
        size = 0
        await reader.readuntil(b"\r\n\r\n")
        while data := await reader.read(700):
            size += len(data)
            if size % 7 == 0:
                await asyncio.sleep(1)
        writer.close()
        return size

    assert run(main(), always(reply)).value == 1_000_000


def test_a_reset_is_seen_by_a_reader() -> None:
    reply = Reply(plan=(Raw(b"half"), Wait(MS), Reset()))

    async def main() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, 80)
        writer.write(GET)
        first = await reader.read(99)
        with pytest.raises(ConnectionResetError):
            await reader.read(99)
        writer.close()
        return first

    service = always(reply)

    assert run(main(), service).value == b"half"
    assert service.outcomes == [Outcome.RESET]


def test_a_connection_can_be_polled_before_it_is_used_again() -> None:
    async def main() -> list[bool]:
        _, writer = await asyncio.open_connection(HOST, 80)
        sock = writer.get_extra_info("socket")
        seen = [_readable(sock)]
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(CLOSING)
        await asyncio.sleep(2)
        seen.append(_readable(sock))
        assert sock.getpeername() == ("198.18.0.1", 80)
        assert sock.getsockname()[0] == "198.19.255.254"
        assert sock.gettimeout() == 0
        assert sock.getsockopt(1, 2) == 0
        writer.close()
        return seen

    assert run(main(), always(OK.after(SECOND))).value == [False, True]


def _readable(sock: Any) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def test_descriptors_are_opened_when_asked_for_and_given_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    test_a_connection_can_be_polled_before_it_is_used_again()

    assert len(os.listdir("/proc/self/fd")) == before
