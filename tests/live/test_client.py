"""The client that turns are given by, against servers that do as they like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from evalkit.agents.base import AgentFailed
from evalkit.agents.calling import AgentRequest
from evalkit.agents.client import HttpCaller
from evalkit.live.attribution import Attribution
from evalkit.wire import Caller
from evalkit.world.callers import CALLER

POST = AgentRequest(method="POST", target="/chat?x=1", headers=(("X-A", "é"),), body=b"hi")


@asynccontextmanager
async def _server(*parts: bytes, base: str = "") -> AsyncIterator[tuple[HttpCaller, list[bytes]]]:
    """A server that answers whatever comes with these bytes, and what it was sent."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(65536))
        for each in parts:
            writer.write(each)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield HttpCaller(f"http://127.0.0.1:{port}{base}", Attribution()), seen


@pytest.mark.parametrize(
    ("parts", "status", "body"),
    [
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"so"), 200, b"so"),
        (
            (b"HTTP/1.1 202 A\r\ntransfer-encoding: chunked\r\n\r\n2\r\ns", b"o\r\n0\r\n\r\n"),
            202,
            b"so",
        ),
        ((b"HTTP/1.0 500 Oh\r\n\r\nno end", b" but this"), 500, b"no end but this"),
        ((b"HTTP/1.1 204 No\r\n\r\n",), 204, b""),
        (
            (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            200,
            b"",
        ),
    ],
    ids=["sized", "chunked", "to the end", "without a body", "continued"],
)
async def test_responses_are_read(parts: tuple[bytes, ...], status: int, body: bytes) -> None:
    async with _server(*parts) as (caller, _):
        response = await caller.call(POST)
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((), "without a response"),
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nso",), "in the middle of its response"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nso",), "in the middle"),
        ((b"what?\r\n\r\n",), "is no HTTP"),
    ],
)
async def test_what_is_no_response_fails_the_turn(parts: tuple[bytes, ...], words: str) -> None:
    async with _server(*parts) as (caller, _):
        with pytest.raises(AgentFailed, match=words):
            await caller.call(POST)


async def test_a_server_that_is_not_there_fails_the_turn() -> None:
    async with _server() as (caller, _):
        pass
    with pytest.raises(AgentFailed, match="cannot be reached"):
        await caller.call(POST)


async def test_a_request_says_what_it_is_and_whose() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    async with _server(answer, base="/api/") as (caller, seen):
        CALLER.set(Caller(session="s 1", turn=2))
        await caller.call(POST)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0] == "POST /api/chat?x=1 HTTP/1.1"
    assert body == b"hi"
    assert "content-length: 2" in lines
    assert "x-a: é" in lines
    assert "baggage: evalkit.session=s%201,evalkit.turn=2" in lines
    assert any(each.startswith("traceparent: 00-") for each in lines)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/jobs/1?x=2", "/jobs/1?x=2"),
        ("/api/jobs/1", "/jobs/1"),
        ("http://agent.test:80/api/jobs", "/jobs"),
        ("http://agent.test:80", "/"),
        ("http://elsewhere.test/jobs", None),
        ("jobs/1", None),
    ],
)
def test_where_a_url_leads(url: str, target: str | None) -> None:
    caller = HttpCaller("http://agent.test:80/api", Attribution())
    if target is None:
        with pytest.raises(ValueError, match="is not at the agent"):
            caller.target_of(url)
    else:
        assert caller.target_of(url) == target
