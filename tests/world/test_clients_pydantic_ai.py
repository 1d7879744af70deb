"""Pydantic AI runs unmodified in the world."""

from __future__ import annotations

import time
from typing import Any

import openai
import pytest
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from evalkit.wire import Reply, Stall
from tests.world.endpoints import MS, SECOND, always, in_turn, passed, run
from tests.world.providers import chat, chat_stream

BASES = ["http://llm.test/v1", "https://api.openai.com/v1"]
ERROR = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}


def agent_at(base: str = BASES[1], **settings: Any) -> Agent[None, str]:
    client = openai.AsyncOpenAI(base_url=base, api_key="sk-test", **settings)
    return Agent(OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=client)))


@pytest.mark.parametrize("base", BASES)
def test_an_agent_runs(base: str) -> None:
    async def agent() -> Any:
        return (await agent_at(base).run("Hi")).output

    service = always(chat("Hello").after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert (ran.value, ran.now) == ("Hello", 200 * MS)


@pytest.mark.parametrize("base", BASES)
def test_an_agent_streams(base: str) -> None:
    async def agent() -> Any:
        seen = []
        async with agent_at(base).run_stream("Hi") as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                seen.append((text, round(passed() / MS)))
        return seen

    service = always(chat_stream(["Hel", "lo"], gap=12 * MS).after(300 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.value == [("Hel", 300), ("lo", 312)]


def test_an_agent_calls_tools_in_threads() -> None:
    async def agent() -> Any:
        helper = agent_at()

        @helper.tool_plain
        def slow_tool(seconds: int) -> str:
            time.sleep(seconds)
            return f"slept {seconds}"

        return (await helper.run("Hi")).output

    calls = [("slow_tool", {"seconds": 3}), ("slow_tool", {"seconds": 2})]
    service = in_turn(chat(calls=calls), chat("Done"))
    ran = run(agent(), {"api.openai.com": service})

    assert (ran.value, ran.now, ran.findings) == ("Done", 3 * SECOND, [])
    results = [each["content"] for each in service.requests[1].json()["messages"][-2:]]
    assert results == ["slept 3", "slept 2"]


def test_pooled_requests_share_one_connection() -> None:
    async def agent() -> None:
        helper = agent_at()
        for _ in range(100):
            await helper.run("Hi")

    ran = run(agent(), {"api.openai.com": always(chat().after(200 * MS))})

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS


@pytest.mark.parametrize(
    ("retries", "least", "most"),
    [(0, 30 * SECOND, 30 * SECOND), (2, 91.125 * SECOND, 91.5 * SECOND)],
    ids=["one attempt", "three attempts of the SDK with its backoff between them"],
)
def test_a_read_timeout_fires_at_its_exact_time(retries: int, least: int, most: int) -> None:
    async def agent() -> None:
        with pytest.raises(Exception, match="timed out"):
            await agent_at(max_retries=retries).run("Hi", model_settings={"timeout": 30})

    service = always(Reply(plan=(Stall(),)))
    ran = run(agent(), {"api.openai.com": service})

    assert len(service.requests) == 1 + retries
    assert least <= ran.now <= most
    print(f"{ran.now // SECOND} s of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


def test_retry_after_is_waited_exactly() -> None:
    async def agent() -> Any:
        return (await agent_at().run("Hi")).output

    limited = Reply.json(ERROR, status=429, headers=(("retry-after", "7"),))
    ran = run(agent(), {"api.openai.com": in_turn(limited, chat("Hello"))})

    assert (ran.value, ran.now) == ("Hello", 7 * SECOND)


def test_an_error_status_raises_the_documented_error() -> None:
    async def agent() -> None:
        with pytest.raises(ModelHTTPError):
            await agent_at().run("Hi")

    service = always(Reply.json(ERROR, status=500))
    run(agent(), {"api.openai.com": service})

    assert len(service.requests) == 3
