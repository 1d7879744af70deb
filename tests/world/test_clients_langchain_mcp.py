"""langchain-mcp-adapters, which is made for the major 1 of the official client, runs unmodified."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_mcp_adapters")

from tests.world.mcp_worlds import URL, run_desk


def client() -> Any:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    return MultiServerMCPClient({"desk": {"transport": "streamable_http", "url": URL}})


def test_tools_are_found_and_called() -> None:
    async def agent() -> Any:
        tools = {tool.name: tool for tool in await client().get_tools()}
        return sorted(tools), await tools["get_order"].ainvoke({"id": "A-1"})

    ran = run_desk(agent())
    names, answered = ran.value

    assert names == ["create_ticket", "draw", "empty", "fail", "get_order"]
    assert "shipped" in str(answered)
    # A session for the list, and one for each call of a tool.
    assert ran.operations.count("initialize") == 2
    assert (ran.failed, ran.findings) == ([], [])


def test_a_tool_that_fails_says_so() -> None:
    async def agent() -> Any:
        tools = {tool.name: tool for tool in await client().get_tools()}
        return await tools["fail"].ainvoke({})

    ran = run_desk(agent())

    assert "Out of stock." in str(ran.value)
    assert ran.failed == ["tools/call fail"]


def test_resources_and_prompts_are_read() -> None:
    async def agent() -> Any:
        desk = client()
        blobs = await desk.get_resources("desk", uris="desk://rules")
        messages = await desk.get_prompt("desk", "sorry", arguments={"order": "A-1"})
        return blobs[0].as_string(), messages[0].content

    assert run_desk(agent()).value == ("Be kind.", "Say sorry for A-1, .")
