"""The official MCP client runs unmodified in the world, in sessions of the protocol.

These tests hold for the majors 1 and 2 of the client; where the two differ, a row says both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("mcp")

from evalkit.journal.records import CallStarted
from tests.world.mcp_worlds import (
    MAJOR,
    SECOND,
    TYPED,
    bounded,
    connected,
    plain,
    run_desk,
)


@pytest.fixture(autouse=True)
def _quiet() -> AsyncIterator[None]:
    """The client logs tracebacks of what it survives."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


ANSWERS = pytest.mark.parametrize("answers", ["stream", "json"])


@ANSWERS
def test_a_session_begins_and_ends(answers: str) -> None:
    async def agent() -> Any:
        async with connected() as session:
            await session.send_ping()
            return None

    ran = run_desk(agent(), answers=answers)

    assert sorted(ran.operations) == sorted(
        ["initialize", "notifications/initialized", "GET stream", "ping", "DELETE session"]
    )
    assert (ran.failed, ran.complaints, ran.findings) == ([], [], [])


def test_what_a_server_says_of_itself() -> None:
    async def agent() -> Any:
        from mcp import ClientSession
        from mcp.client.streamable_http import streamable_http_client

        async with (
            streamable_http_client("https://mcp.desk.test/mcp") as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            return plain(await session.initialize())

    said = run_desk(agent()).value

    assert said["protocolVersion"] == "2025-11-25"
    assert said["serverInfo"] == {"name": "desk", "version": "1.0.0"}
    assert said["instructions"] == "Be kind."
    assert set(said["capabilities"]) == {"tools", "resources", "prompts"}


@ANSWERS
def test_tools_are_listed_in_pages(answers: str) -> None:
    async def agent() -> Any:
        from mcp.types import PaginatedRequestParams

        pages, cursor = [], None
        async with connected() as session:
            while not pages or cursor:
                params = PaginatedRequestParams(cursor=cursor) if cursor else None
                page = plain(await session.list_tools(params=params))
                pages.append(page["tools"])
                cursor = page.get("nextCursor")
        return pages

    pages = run_desk(agent(), answers=answers).value

    assert [[tool["name"] for tool in page] for page in pages] == [
        ["get_order", "create_ticket"],
        ["fail", "draw"],
        ["empty"],
    ]
    order = pages[0][0]
    assert order["description"] == "Look an order up."
    assert order["annotations"] == {"readOnlyHint": True}
    assert order["outputSchema"]["required"] == ["status"]


@ANSWERS
def test_a_tool_is_called(answers: str) -> None:
    async def agent() -> Any:
        async with connected() as session:
            return plain(await session.call_tool("get_order", {"id": "A-1"}))

    ran = run_desk(agent(), answers=answers)

    assert ran.value["structuredContent"] == {"status": "shipped"}
    assert [each["text"] for each in ran.value["content"]] == ['{"status":"shipped"}']
    assert "tools/call get_order" in ran.operations


@pytest.mark.parametrize(
    ("tool", "arguments", "content", "is_error"),
    [
        ("fail", {}, [{"type": "text", "text": "Out of stock."}], True),
        ("fail", {"what": "ink"}, [{"type": "text", "text": "Out of ink."}], True),
        ("draw", {}, [{"type": "image", "data": "aGk=", "mimeType": "image/png"}], False),
        ("empty", {}, [], False),
    ],
)
def test_what_tools_answer(
    tool: str, arguments: dict[str, Any], content: list[Any], is_error: bool
) -> None:
    async def agent() -> Any:
        async with connected() as session:
            return plain(await session.call_tool(tool, arguments))

    ran = run_desk(agent())

    assert (ran.value["content"], ran.value["isError"]) == (content, is_error)
    assert ran.failed == ([f"tools/call {tool}"] if is_error else [])


def test_progress_is_told_at_its_times() -> None:
    async def agent() -> Any:
        loop = asyncio.get_running_loop()
        seen: list[Any] = []

        async def told(progress: float, total: float | None, message: str | None) -> None:
            seen.append((progress, total, round((loop.time() - began) * 1000)))

        async with connected() as session:
            began = loop.time()
            await session.call_tool("create_ticket", {"subject": "s"}, progress_callback=told)
        return seen

    ran = run_desk(agent())

    assert ran.value == [(n, 4, n * 1000) for n in (1, 2, 3, 4)]
    assert ran.effects == ["ticket"]


@pytest.mark.parametrize(
    ("tool", "arguments", "complaint"),
    [
        ("create_tickets", {}, "did you mean `create_ticket`?"),
        ("get_order", {"id": 1}, "Invalid arguments for tool get_order: id: 1 is not of type"),
    ],
)
def test_a_wrong_call_is_told_to_the_author(
    tool: str, arguments: dict[str, Any], complaint: str
) -> None:
    async def agent() -> Any:
        async with connected() as session:
            return await bounded(session.call_tool(tool, arguments))

    ran = run_desk(agent())

    assert complaint in ran.complaints[0]
    assert ran.failed == [f"tools/call {tool}"]
    assert ran.value == ("answered" if tool == "get_order" else TYPED)


def test_resources_are_listed_and_read() -> None:
    async def agent() -> Any:
        async with connected() as session:
            listed = plain(await session.list_resources())["resources"]
            templates = plain(await session.list_resource_templates())["resourceTemplates"]
            read = [
                plain(await session.read_resource(uri))["contents"][0]
                for uri in ("desk://rules", "desk://orders/A-1")
            ]
            missing = await bounded(session.read_resource("desk://orders/A-2"))
        return listed, templates, read, missing

    listed, templates, read, missing = run_desk(agent()).value

    assert [each["uri"] for each in listed] == ["desk://rules"]
    assert [each["uriTemplate"] for each in templates] == ["desk://orders/{id}"]
    assert [each["text"] for each in read] == ["Be kind.", '{"id":"A-1"}']
    assert missing == TYPED


def test_prompts_are_listed_and_got() -> None:
    async def agent() -> Any:
        async with connected() as session:
            listed = plain(await session.list_prompts())["prompts"]
            got = plain(await session.get_prompt("sorry", {"order": "A-1", "tone": "briefly"}))
        return listed, got

    listed, got = run_desk(agent()).value

    assert [each["name"] for each in listed[0]["arguments"]] == ["order", "tone"]
    assert got["messages"][0]["content"]["text"] == "Say sorry for A-1, briefly."


def test_a_changed_list_is_told_on_the_get_stream() -> None:
    changes = [
        {"after": "10s", "rename": {"fail": "break"}, "remove": ["draw", "empty"]},
        {"after": "20s", "tools": {"fail": {"reply": {"text": "fine"}}}},
    ]

    async def agent() -> Any:
        loop = asyncio.get_running_loop()
        told: list[Any] = []
        began = loop.time()

        async def heard(message: Any) -> None:
            root = getattr(message, "root", message)
            told.append((root.method, round(loop.time() - began)))

        async with connected(message_handler=heard) as session:
            names = []
            for _ in range(3):
                page = plain(await session.list_tools())["tools"]
                names.append([each["name"] for each in page])
                await asyncio.sleep(10)
        return told, names

    ran = run_desk(agent(), changes=changes, page=10)
    told, names = ran.value

    assert told == [("notifications/tools/list_changed", at) for at in (10, 20)]
    assert names[0] == ["get_order", "create_ticket", "fail", "draw", "empty"]
    assert names[1] == ["get_order", "create_ticket", "break"]
    assert names[2] == ["get_order", "create_ticket", "break", "fail"]
    assert ran.failed == []


def test_a_session_that_expired_is_refused() -> None:
    async def agent() -> Any:
        async with connected() as session:
            before = await bounded(session.call_tool("empty", {}))
            await asyncio.sleep(61)
            return before, await bounded(session.call_tool("empty", {}))

    ran = run_desk(agent(), session_lifetime="60s")

    assert ran.value == ("answered", TYPED)
    # The session cannot be ended either.
    assert ran.failed == ["tools/call empty", "DELETE session"]


def test_the_stream_that_stays_open_is_no_call_under_way() -> None:
    async def agent() -> Any:
        async with connected():
            await asyncio.sleep(3600)

    ran = run_desk(agent())

    assert ran.failed == []
    assert ran.now < 3601 * SECOND


# What the client makes of a fault, in its major 1 and in its major 2. `group` says that its whole
# connection breaks down.
FAULTS: list[tuple[Any, str, str]] = [
    ({"tool_error": "no"}, "answered", "answered"),
    ({"rpc_error": -32603}, "typed", "typed"),
    ({"bad_output": "types"}, "RuntimeError", "RuntimeError"),
    ({"bad_output": "empty"}, "RuntimeError", "RuntimeError"),
    ({"bad_output": "missing"}, "RuntimeError", "RuntimeError"),
    ({"rpc_malformed": "neither"}, "blocked", "typed"),
    ({"rpc_malformed": "no_version"}, "blocked", "typed"),
    ({"rpc_malformed": "text"}, "blocked", "typed"),
    ("no_response", "blocked", "typed"),
    ({"no_response": "cut"}, "blocked", "typed"),
    ({"no_response": "reset"}, "blocked", "typed"),
    ({"no_response": "stall"}, "blocked", "blocked"),
    ({"endless_progress": "10s"}, "blocked", "blocked"),
    ("duplicate_response", "answered", "answered"),
    ("session_lost", "typed", "typed"),
    ({"tool_gone": "get_*"}, "typed", "typed"),
    ({"status": 500}, "group", "typed"),
    ("malformed", "blocked", "typed"),
    ({"html": 200}, "blocked", "typed"),
    ({"drip": "1s", "lasts": "1h"}, "blocked", "blocked"),
    ("stall", "blocked", "blocked"),
]


@pytest.mark.parametrize(("fault", "one", "two"), FAULTS, ids=str)
@ANSWERS
def test_what_the_client_makes_of_faults(fault: Any, one: str, two: str, answers: str) -> None:
    assert made_of(fault, answers) == (one if MAJOR == 1 else two)


@pytest.mark.parametrize(
    ("answers", "one", "two"), [("stream", "blocked", "answered"), ("json", "blocked", "blocked")]
)
def test_what_the_client_makes_of_a_wrong_id(answers: str, one: str, two: str) -> None:
    # The major 2 takes whatever response comes in a request's own stream for its response.
    assert made_of("wrong_id", answers) == (one if MAJOR == 1 else two)


def made_of(fault: Any, answers: str) -> str:
    """How a call under this fault ends."""
    ends: list[str] = []

    async def agent() -> None:
        async with connected() as session:
            await session.list_tools()
            ends.append(await bounded(session.call_tool("get_order", {"id": "A-1"})))

    at = {"at": "desk tools/call get_order", "inject": fault}
    ran = run_desk(bounded(agent(), 1000), at, answers=answers, page=10)

    assert ran.stages == ["scheduled", "fired", "delivered"]
    if ran.value == "ExceptionGroup":
        return "group"
    assert ran.value == "answered"
    return "typed" if ends == [TYPED] else ends[0]


@pytest.mark.parametrize(
    ("fault", "error", "seconds"),
    [
        ({"at": "desk tools/call *", "inject": "stall"}, "ReadTimeout", 300),
        ({"at": "desk initialize", "inject": "stall"}, "ReadTimeout", 300),
        ({"at": "desk", "inject": {"connect_delay": "31s"}}, "ConnectTimeout", 30),
    ],
    ids=["call", "initialize", "connect"],
)
def test_how_long_the_client_waits_by_itself(fault: Any, error: str, seconds: int) -> None:
    """Nothing bounds a request but its connection, and what happens to that breaks the session."""

    async def agent() -> Any:
        began = asyncio.get_running_loop().time()
        try:
            async with connected() as session:
                began = asyncio.get_running_loop().time()
                await session.call_tool("get_order", {"id": "A-1"})
        except BaseExceptionGroup as group:
            raised: BaseException = group
            while isinstance(raised, BaseExceptionGroup):
                raised = raised.exceptions[0]
            return type(raised).__name__, asyncio.get_running_loop().time() - began

    told, waited = run_desk(agent(), fault, latency="0ms").value
    assert (told, waited) == (error, pytest.approx(seconds, abs=1e-6))


def test_a_stream_that_breaks_is_opened_twice_at_intervals_of_a_second() -> None:
    async def agent() -> None:
        async with connected():
            await asyncio.sleep(60)

    ran = run_desk(agent(), {"at": "desk GET stream", "inject": {"status": 500}})

    opened = [each.at for each in ran.of(CallStarted) if each.operation == "GET stream"]
    assert len(opened) == 2
    assert opened[1] - opened[0] == SECOND


def test_a_server_of_another_time_is_refused() -> None:
    async def agent() -> None:
        async with connected():
            pass

    fault = {"at": "desk initialize", "inject": {"protocol_version": "2020-01-01"}}
    ran = run_desk(bounded(agent()), fault)

    assert ran.value in ("RuntimeError", "ExceptionGroup")
    assert ran.stages == ["scheduled", "fired", "delivered"]


def test_the_second_call_of_one_tool_can_be_hit_alone() -> None:
    async def agent() -> list[str]:
        async with connected() as session:
            calls = [("empty", "1"), ("get_order", "1"), ("get_order", "2"), ("get_order", "3")]
            return [await bounded(session.call_tool(name, {"id": each})) for name, each in calls]

    fault = {
        "at": "desk tools/call get_order",
        "when": {"call": 2},
        "inject": {"rpc_error": -32000},
    }
    ran = run_desk(agent(), fault)

    assert ran.value == ["answered", "answered", TYPED, "answered"]
    assert ran.failed == ["tools/call get_order"]


def test_lists_can_lie() -> None:
    async def agent() -> Any:
        async with connected() as session:
            return plain(await session.list_tools())["tools"]

    inject = [
        {"tool_gone": "create_*", "renamed": "open_ticket"},
        {"tool_schema": "get_order", "rename": {"id": "order_id"}, "require": ["reason"]},
    ]
    ran = run_desk(agent(), {"at": "desk tools/list", "inject": inject})

    assert [each["name"] for each in ran.value] == ["get_order", "open_ticket"]
    assert ran.value[0]["inputSchema"]["required"] == ["order_id", "reason"]
    assert ran.stages.count("delivered") == 2
