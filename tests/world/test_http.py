"""HTTP/1.1 on bytes: what a connection answers, whatever a client sends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalkit.errors import EvalkitError
from evalkit.journal.records import Outcome
from evalkit.wire import Cut, Head, Reply, Request, Reset, Send, Stall, Wait
from evalkit.world.http import HttpConnection
from evalkit.world.reader import Limits
from tests.world.endpoints import HOST, MS, SECOND, Answering, always, in_turn, run

OK = Reply.whole(b"ok", content_type="text/plain")
WIRE_OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nhost: api.test\r\n\r\n"


async def exchange(*parts: bytes, gap: float = 0, eof: bool = False) -> bytes:
    """Send bytes on a connection of its own, and read until the service closes."""
    reader, writer = await asyncio.open_connection(HOST, 80)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(gap)
    if eof:
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def answered(*parts: bytes, by: Answering, **settings: Any) -> bytes:
    """What a client reads that sends these bytes and then the end."""
    return run(exchange(*parts, eof=True, **settings), by).value


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (GET, WIRE_OK),
        (GET * 3, WIRE_OK * 3),
        (b"HEAD / HTTP/1.1\r\n\r\n", WIRE_OK[:-2]),
        (b"HEAD / HTTP/1.1\r\n\r\n" + GET, WIRE_OK[:-2] + WIRE_OK),
        (
            b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
            WIRE_OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
        ),
        (
            b"GET / HTTP/1.0\r\n\r\n",
            WIRE_OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
        ),
        (
            b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n" * 2,
            WIRE_OK.replace(b"\r\n\r\n", b"\r\nconnection: keep-alive\r\n\r\n") * 2,
        ),
        (b"\r\n\r\n" + GET, WIRE_OK),
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab" + GET, WIRE_OK * 2),
        (
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" + GET,
            WIRE_OK * 2,
        ),
    ],
)
def test_requests_are_answered_in_order(request_bytes: bytes, answer: bytes) -> None:
    assert answered(request_bytes, by=always(OK)) == answer


def test_as_many_requests_as_may_wait_are_answered_by_a_service_that_never_waits() -> None:
    most = Limits().pipelined

    assert answered(GET * most, by=always(OK)) == WIRE_OK * most


@pytest.mark.parametrize("step", [Cut(), Reset()])
def test_what_was_pipelined_behind_a_broken_reply_is_not_answered(step: Cut | Reset) -> None:
    service = in_turn(OK, Reply(plan=(step,)), OK)

    async def main() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, 80)
        writer.write(GET * 4)
        answer = b""
        while (data := await _read(reader)) is not None:
            answer += data
        writer.close()
        return answer

    ran = run(main(), service)

    assert ran.value == WIRE_OK
    assert len(service.requests) == 2


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    try:
        return await reader.read(100) or None
    except ConnectionResetError:
        return None


def test_a_service_that_waits_though_it_says_it_never_does_is_a_mistake_of_its_own() -> None:
    async def handler(_: Request) -> Reply:
        await asyncio.sleep(1)
        return OK

    async def client() -> None:
        with pytest.raises(ConnectionResetError):
            await exchange(GET)

    with pytest.raises(EvalkitError, match="crashed") as caught:
        run(client(), Answering(handler, waits=False))

    assert "never waits" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"rubbish\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400 Bad Request"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"400 Bad Request"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"400 Bad Request"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431 "),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 70_000 + b"\r\n\r\n", b"431 "),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 40_000 + b"\r\n", b"431 "),
        (b"CONNECT a.test:443 HTTP/1.1\r\n\r\n", b"501 Not Implemented"),
        (
            b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            b"501 Not Implemented",
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400 Bad Request"),
        (GET * 66, b"503 Service Unavailable"),
    ],
)
def test_what_is_no_request_is_refused_with_its_status(request_bytes: bytes, status: bytes) -> None:
    service = always(OK)
    answer = answered(request_bytes, by=service)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"content-length: 0\r\nconnection: close\r\n\r\n")
    assert service.requests == []


@pytest.mark.parametrize(
    ("start", "more", "status"),
    [
        (b"POST / HTTP/1.1\r\ncontent-length: 2000\r\n\r\n", b"0123456789", b"413 "),
        (b"GET / HTTP/1.1\r\na: ", b"0123456789", b"431 "),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n", b"431 "),
        (b"GET /", b"0123456789", b"431 "),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;", b"0123456789", b"431 "),
    ],
    ids=["body", "header", "headers", "target", "chunk extension"],
)
def test_what_does_not_end_is_refused_while_it_comes(
    start: bytes, more: bytes, status: bytes
) -> None:
    wire = Recorded()
    service = always(OK)
    limits = Limits(head=100, body=1000)
    connection = HttpConnection(service, wire.loop, lambda: 0, wire.crashes.append, limits)
    connection.connection_made(wire)

    connection.data_received(start)
    for _ in range(200):
        connection.data_received(more)

    assert wire.data.startswith(b"HTTP/1.1 " + status)
    assert wire.data.count(b"HTTP/1.1") == 1
    assert (wire.closed, connection.closed) == (True, True)
    assert service.requests == []


def test_what_comes_before_a_refusal_is_answered_first() -> None:
    service = always(OK.after(SECOND))
    answer = answered(GET + b"rubbish\r\n\r\n", by=service)

    assert answer.startswith(WIRE_OK + b"HTTP/1.1 400 Bad Request")
    assert service.outcomes == [Outcome.REPLIED]


def test_a_client_that_waits_for_leave_gets_it() -> None:
    async def client() -> list[bytes]:
        reader, writer = await asyncio.open_connection(HOST, 80)
        writer.write(b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        leave = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ab")
        answer = await reader.readexactly(len(WIRE_OK))
        writer.close()
        return [leave, answer]

    service = always(OK)

    assert run(client(), service).value == [b"HTTP/1.1 100 Continue\r\n\r\n", WIRE_OK]
    assert service.requests[0].body == b"ab"


def test_a_client_that_does_not_wait_for_leave_gets_none() -> None:
    head = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"

    assert answered(head + b"ab", by=always(OK)) == WIRE_OK


def test_leave_is_given_after_what_came_before_is_answered() -> None:
    head = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    answer = answered(GET + head, b"ab", by=always(OK.after(SECOND)), gap=2)

    assert answer == WIRE_OK + b"HTTP/1.1 100 Continue\r\n\r\n" + WIRE_OK


def test_chunks_go_out_one_by_one() -> None:
    reply = Reply(chunked=True, plan=(Head(), Send(b"one"), Send(b""), Send(b"two")))

    assert answered(GET, by=always(reply)) == (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    )


def test_an_old_client_is_sent_no_chunks() -> None:
    reply = Reply(chunked=True, plan=(Head(), Send(b"one"), Send(b"two")))
    request = b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"

    assert answered(request, by=always(reply)) == (
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonetwo"
    )


def test_the_end_of_the_connection_ends_a_body_without_length() -> None:
    reply = Reply(plan=(Head(), Send(b"all")))

    assert answered(GET, by=always(reply)) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall"


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body(status: int) -> None:
    reply = Reply(status=status, plan=(Head(), Send(b"never")))
    answer = answered(GET * 2, by=always(reply))

    assert answer.count(b"HTTP/1.1") == 2
    assert b"never" not in answer


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        (b"/a%20b/%C3%A9?x=1&x=&y=%26", "api.test", "/a b/é", (("x", "1"), ("x", ""), ("y", "&"))),
        (b"http://other.test/a?b=1", "other.test", "/a", (("b", "1"),)),
        (b"http://other.test?b=1", "other.test", "/", (("b", "1"),)),
        (b"https://me:pw@other.test:8443/a/b", "other.test:8443", "/a/b", ()),
        (b"/redirect?to=http://other.test/", "api.test", "/redirect", (("to", "http://other.test/"),)),
        (b"*", "api.test", "*", ()),
        (b"/a#b", "api.test", "/a", ()),
    ],
)  # fmt: skip
def test_the_target_of_a_request(
    target: bytes, host: str, path: str, query: tuple[tuple[str, str], ...]
) -> None:
    service = always(OK)
    answered(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: api.test\r\n\r\n", by=service)

    [request] = service.requests
    assert (request.host, request.path, request.query) == (host, path, query)


def test_a_client_that_closes_abandons_its_request() -> None:
    async def client() -> None:
        _, writer = await asyncio.open_connection(HOST, 80)
        writer.write(GET * 2)
        await asyncio.sleep(1)
        writer.close()
        await asyncio.sleep(5)

    service = always(OK.after(2 * SECOND))
    run(client(), service)

    assert service.outcomes == [Outcome.ABANDONED]
    assert service.played == [Wait(2 * SECOND)]
    assert len(service.requests) == 1


def test_a_client_that_closes_while_the_service_thinks_ends_its_work() -> None:
    async def handler(_: Request) -> Reply:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return OK

    async def client() -> None:
        _, writer = await asyncio.open_connection(HOST, 80)
        writer.write(GET)
        await asyncio.sleep(1)
        writer.close()
        await asyncio.sleep(1)

    cancelled: list[bool] = []
    service = Answering(handler)
    ran = run(client(), service)

    assert (service.outcomes, cancelled) == ([Outcome.ABANDONED], [True])
    assert ran.now == 2 * SECOND


def test_a_client_that_has_nothing_more_to_say_still_gets_its_reply() -> None:
    assert answered(GET, by=always(OK.after(SECOND))) == WIRE_OK


def test_what_is_under_way_when_the_world_ends_stays_open() -> None:
    async def client() -> None:
        _, writer = await asyncio.open_connection(HOST, 80)
        writer.write(GET)
        await asyncio.sleep(1)
        kept.append(writer)

    kept: list[Any] = []
    service = always(OK.after(60 * SECOND))
    run(client(), service)

    assert service.outcomes == [Outcome.OPEN]


def test_an_endpoint_that_raises_breaks_the_connection_and_ends_the_run() -> None:
    async def handler(_: Request) -> Reply:
        raise LookupError("a mistake")

    async def client() -> None:
        with pytest.raises(ConnectionResetError):
            await exchange(GET)

    with pytest.raises(EvalkitError) as caught:
        run(client(), Answering(handler))

    assert isinstance(caught.value.__cause__, LookupError)


def test_an_endpoint_that_cannot_begin_breaks_the_connection_and_ends_the_run() -> None:
    class Broken(Answering):
        def open(self, request: Request) -> Any:
            raise LookupError("a mistake")

    async def client() -> None:
        with pytest.raises(ConnectionResetError):
            await exchange(GET)

    with pytest.raises(EvalkitError, match="crashed"):
        run(client(), Broken(always(OK).handler))


# Any bytes, however they are split -------------------------------------------------------------


class Recorded(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.closed = False
        self.crashes: list[BaseException] = []
        self.loop: Any = None

    def write(self, data: Any) -> None:
        assert not self.closed
        self.data += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


def split(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The bytes in pieces."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


TOKENS = st.text("abcxyz-", min_size=1, max_size=8)
HEADERS = st.lists(
    st.tuples(TOKENS.map("x-{}".format), st.text("abc 123;=/", max_size=20)), max_size=4
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that is well-formed."""
    method = draw(st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"]))
    target = "/" + draw(st.text("abc/%20?&=", max_size=20)).replace("%", "%20")
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in draw(HEADERS))]
    body = draw(st.binary(max_size=40))
    if draw(st.booleans()):
        head.append("transfer-encoding: chunked")
        pieces = split(body, draw(st.lists(st.integers(0, 40), max_size=3)))
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        head.append(f"content-length: {len(body)}")
    return "\r\n".join([*head, "\r\n"]).encode() + body


CUTS = st.lists(st.integers(0, 400), max_size=12)


@given(st.lists(requests(), min_size=1, max_size=4).map(b"".join), CUTS)
@settings(deadline=None, max_examples=150)
def test_any_split_of_the_bytes_gives_the_same_requests(data: bytes, cuts: list[int]) -> None:
    whole, parts = always(OK), always(OK)

    assert answered(data, by=whole) == answered(*split(data, cuts), by=parts)
    assert whole.requests == parts.requests
    assert len(whole.requests) > 0


FRAGMENTS = st.sampled_from(
    [GET, b"GET / HTTP/1.1\r\n", b"\r\n", b"host: a\r\n", b"content-length: 5\r\n", b"0\r\n\r\n",
     b"transfer-encoding: chunked\r\n", b"expect: 100-continue\r\n", b"connection: upgrade\r\n",
     b"upgrade: h2c\r\n", b"connection: close\r\n", b"5\r\nhello\r\n", b"CONNECT a:1 HTTP/1.1\r\n",
     b"HEAD / HTTP/1.0\r\n", b"\x00", b"\xff", b":", b" ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)  # fmt: skip
RUBBISH = st.lists(FRAGMENTS | st.binary(max_size=30), max_size=12).map(b"".join)
REPLIES = st.sampled_from(
    [OK, OK.after(MS), None, Reply(plan=(Head(), Send(b"x"), Cut())), Reply(plan=(Reset(),)),
     Reply(plan=(Stall(),)), Reply(chunked=True, plan=(Head(), Send(b"x"), Wait(MS), Send(b"y")))]
)  # fmt: skip


async def poke(data: bytes, cuts: list[int]) -> None:
    """Send bytes and stop listening after a while."""
    reader, writer = await asyncio.open_connection(HOST, 80)
    for piece in split(data, cuts):
        writer.write(piece)
        await asyncio.sleep(0)
    try:
        async with asyncio.timeout(5):
            await reader.read()
    except (TimeoutError, ConnectionResetError):
        pass
    writer.close()
    await asyncio.sleep(1)


@given(RUBBISH, CUTS, st.lists(REPLIES, min_size=1, max_size=4))
@settings(deadline=None, max_examples=300)
@example(b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", [3], [OK])
def test_no_bytes_raise_out_of_a_connection(
    data: bytes, cuts: list[int], replies: list[Reply | None]
) -> None:
    service = in_turn(*replies)
    complaints: list[Any] = []

    async def client() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        await poke(data, cuts)

    run(client(), service)

    assert complaints == []
    assert len(service.outcomes) == len(service.requests)
