"""Agent frameworks use MCP servers in the world through their own clients, unmodified."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("mcp")

from tests.world.endpoints import Answering, in_turn
from tests.world.mcp_worlds import URL, Ran, bounded, run_desk
from tests.world.providers import chat


def model(tool: str, arguments: dict[str, Any]) -> Answering:
    """A model that calls one tool and then is done."""
    return in_turn(chat(calls=[(tool, arguments)]), chat("Done"))


def told(service: Answering) -> Any:
    """What the model was told of its tool: the last message."""
    return json.loads(service.requests[-1].body)["messages"][-1]["content"]


def ran(agent: Any, tool: str, arguments: Any, *faults: Any, **changed: Any) -> tuple[Ran, Any]:
    llm = model(tool, arguments)
    result = run_desk(agent(), *faults, also={"api.openai.com": llm}, page=10, **changed)
    assert result.findings == []
    return result, told(llm)


async def openai_agents() -> str:
    import openai
    from agents import Agent, OpenAIChatCompletionsModel, Runner, set_trace_processors
    from agents.mcp import MCPServerStreamableHttp

    set_trace_processors([])
    client = openai.AsyncOpenAI(api_key="sk-test", base_url="https://api.openai.com/v1")
    async with MCPServerStreamableHttp(params={"url": URL}) as desk:
        chat_model = OpenAIChatCompletionsModel(model="gpt-4o", openai_client=client)
        agent: Any = Agent(name="helper", model=chat_model, mcp_servers=[desk])
        return str((await Runner.run(agent, "Hi")).final_output)


async def pydantic_ai() -> str:
    from pydantic_ai import Agent
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url="https://api.openai.com/v1", api_key="sk-test")
    agent = Agent(OpenAIChatModel("gpt-4o", provider=provider), toolsets=[MCPToolset(URL)])
    async with agent:
        return (await agent.run("Hi")).output


FRAMEWORKS = pytest.mark.parametrize(
    ("package", "agent"), [("agents", openai_agents), ("pydantic_ai.mcp", pydantic_ai)]
)


@FRAMEWORKS
def test_an_agent_calls_a_tool(package: str, agent: Any) -> None:
    pytest.importorskip(package)
    result, said = ran(agent, "get_order", {"id": "A-1"})
    assert result.value == "Done"
    assert "shipped" in str(said)
    assert result.operations.count("tools/call get_order") == 1
    assert result.failed == []


@FRAMEWORKS
def test_a_tool_that_fails_is_told_to_the_model(package: str, agent: Any) -> None:
    pytest.importorskip(package)
    fault = {"at": "desk tools/call get_order", "inject": {"tool_error": "The desk is closed."}}
    result, said = ran(agent, "get_order", {"id": "A-1"}, fault)
    assert result.value == "Done"
    assert "The desk is closed." in str(said)
    assert result.stages == ["scheduled", "fired", "delivered"]


@FRAMEWORKS
def test_what_a_tool_changes_is_in_the_ledger(package: str, agent: Any) -> None:
    pytest.importorskip(package)
    result, _ = ran(agent, "create_ticket", {"subject": "late"}, latency="10ms")
    assert result.effects == ["ticket"]


@pytest.mark.parametrize(
    ("package", "agent", "operation", "ends", "seconds"),
    [
        # Five seconds for every request: the model is told of the tool that did not answer in time.
        ("agents", openai_agents, "tools/call *", "answered", 5),
        # Five seconds to begin a session, then the five minutes that its HTTP client has.
        ("pydantic_ai.mcp", pydantic_ai, "server/discover", "RuntimeError", 5),
        ("pydantic_ai.mcp", pydantic_ai, "tools/call *", "ReadTimeout", 300),
    ],
)
def test_how_long_a_framework_waits_for_a_server(
    package: str, agent: Any, operation: str, ends: str, seconds: int
) -> None:
    pytest.importorskip(package)

    async def timed() -> Any:
        began = asyncio.get_running_loop().time()
        ended = await bounded(agent(), 1000)
        return ended, asyncio.get_running_loop().time() - began

    llm = model("get_order", {"id": "A-1"})
    fault = {"at": f"desk {operation}", "inject": "stall"}
    result = run_desk(timed(), fault, also={"api.openai.com": llm}, page=10, latency="0ms")
    assert result.value == (ends, pytest.approx(seconds, abs=1e-6))
    assert result.stages == ["scheduled", "fired", "delivered"]
    if ends == "answered":
        assert "error occurred while running the tool" in str(told(llm))
