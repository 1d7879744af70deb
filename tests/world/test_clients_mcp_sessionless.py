"""The official MCP client, major 2, in the revision without sessions, runs unmodified."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mcp")

from tests.world.mcp_worlds import MAJOR, SECOND, URL, bounded, plain, run_desk

if MAJOR < 2:
    pytest.skip("the client of this major knows sessions only", allow_module_level=True)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The client logs tracebacks of what it survives."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def client(mode: str = "auto") -> Any:
    from mcp.client.client import Client

    return Client(URL, mode=mode)


def test_a_server_is_discovered_and_its_tools_called() -> None:
    async def agent() -> Any:
        async with client() as desk:
            tools = plain(await desk.list_tools())["tools"]
            return tools, plain(await desk.call_tool("get_order", {"id": "A-1"}))

    ran = run_desk(agent(), page=10)
    tools, answered = ran.value

    assert len(tools) == 5
    assert answered["structuredContent"] == {"status": "shipped"}
    assert ran.operations == ["server/discover", "tools/list", "tools/call get_order"]
    assert (ran.failed, ran.complaints, ran.findings) == ([], [], [])


def test_names_that_no_header_holds_are_understood() -> None:
    prompts = {"Größe": {"messages": [{"text": "hi"}]}}

    async def agent() -> Any:
        async with client() as desk:
            return plain(await desk.get_prompt("Größe"))

    ran = run_desk(agent(), prompts=prompts)

    assert ran.value["messages"][0]["content"]["text"] == "hi"
    assert ran.failed == []


def test_progress_is_told() -> None:
    async def agent() -> Any:
        seen: list[Any] = []

        async def told(progress: float, total: float | None, message: str | None) -> None:
            seen.append((progress, total))

        async with client() as desk:
            await desk.call_tool("create_ticket", {"subject": "s"}, progress_callback=told)
        return seen

    ran = run_desk(agent())

    assert ran.value == [(n, 4) for n in (1, 2, 3, 4)]
    assert ran.effects == ["ticket"]


def test_a_server_of_before_is_met_with_a_session() -> None:
    async def agent() -> Any:
        async with client() as desk:
            return plain(await desk.call_tool("empty", {}))

    ran = run_desk(agent(), revisions=["2025-06-18"])

    assert ran.value["isError"] is False
    assert ran.operations[:2] == ["server/discover", "initialize"]
    assert ran.failed == ["server/discover"]


def test_changes_are_told_to_those_who_listen() -> None:
    async def agent() -> Any:
        from mcp.client.subscriptions import ToolsListChanged

        loop = asyncio.get_running_loop()
        async with client() as desk:
            began = loop.time()
            async with desk.listen(tools_list_changed=True) as events:
                async for event in events:
                    return isinstance(event, ToolsListChanged), round(loop.time() - began)
        return None

    ran = run_desk(agent(), changes=[{"after": "30s", "remove": ["fail"]}])

    assert ran.value == (True, 30)
    assert ran.failed == []


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ({"tool_error": "no"}, "answered"),
        ({"rpc_error": -32603}, "MCPError"),
        ({"bad_output": "types"}, "RuntimeError"),
        ({"tool_gone": "get_order"}, "MCPError"),
        ("no_response", "MCPError"),
        ({"endless_progress": "10s"}, "blocked"),
        ({"status": 503}, "MCPError"),
        ({"delay": "20s"}, "answered"),
    ],
    ids=str,
)
def test_what_the_client_makes_of_faults(fault: Any, end: str) -> None:
    async def agent() -> Any:
        async with client() as desk:
            await desk.list_tools()
            return await bounded(desk.call_tool("get_order", {"id": "A-1"}))

    ran = run_desk(agent(), {"at": "desk tools/call *", "inject": fault}, page=10)

    assert ran.value == end
    assert ran.stages == ["scheduled", "fired", "delivered"]


def test_a_server_of_another_time_is_met_with_a_session() -> None:
    async def agent() -> Any:
        async with client() as desk:
            return plain(await desk.call_tool("empty", {}))

    fault = {"at": "desk server/discover", "inject": {"protocol_version": "2020-01-01"}}
    ran = run_desk(agent(), fault)

    assert "initialize" in ran.operations
    assert ran.stages == ["scheduled", "fired", "delivered"]


def test_latency_is_what_is_declared() -> None:
    async def agent() -> Any:
        loop = asyncio.get_running_loop()
        async with client() as desk:
            await desk.list_tools()
            began = loop.time()
            await desk.call_tool("empty", {})
            return loop.time() - began

    ran = run_desk(agent(), latency="2s", page=10)

    assert ran.value == 2
    assert ran.now == 6 * SECOND
