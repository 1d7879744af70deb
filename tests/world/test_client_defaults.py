"""What agents' clients do when nobody sets anything: where they go, how long they wait, how often
they ask again. The values are those of the versions that the tests run with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from langgraph.types import RetryPolicy

from evalkit.world.clock import DEFAULT_START
from tests.world.model_worlds import HOST, met
from tests.world.test_clients_langgraph import graph, model

HI: Any = [{"role": "user", "content": "hello"}]
BASE = f"http://{HOST}"
CHAT = {"model": "gpt-4o", "messages": HI}


async def by_openai() -> Any:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{BASE}/v1") as client:
        return (await client.chat.completions.create(**CHAT)).choices[0].finish_reason


async def by_anthropic() -> Any:
    async with anthropic.AsyncAnthropic(api_key="k", base_url=BASE) as client:
        told = await client.messages.create(model="claude-test", max_tokens=99, messages=HI)
        return told.stop_reason


def plainly(library: Any) -> Any:
    async def agent() -> Any:
        async with library.AsyncClient() as client:
            await client.post(f"{BASE}/v1/chat/completions", json=CHAT)

    return agent


SDKS = {"openai": ("openai", by_openai), "anthropic": ("anthropic", by_anthropic)}


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize(("fault", "each"), [("stall", 600), ({"connect_delay": "6s"}, 5)])
def test_the_timeouts_of_sdks_and_their_two_retries(
    tmp_path: Any, name: str, fault: Any, each: int
) -> None:
    kind, agent = SDKS[name]
    came = met(tmp_path, kind, agent, fault)
    assert came.got == f"{name} APITimeoutError"
    assert 3 * each + 1.125 <= came.seconds <= 3 * each + 1.5


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize(
    ("fault", "error"), [("stall", "ReadTimeout"), ({"connect_delay": "6s"}, "ConnectTimeout")]
)
def test_httpx_waits_five_seconds_and_never_asks_again(
    tmp_path: Any, library: Any, fault: Any, error: str
) -> None:
    came = met(tmp_path, "openai", plainly(library), fault)
    assert (came.got, came.seconds) == (f"{library.__name__} {error}", 5)


STATUSES = {
    # status: what openai raises, what anthropic raises, how many requests are made
    400: ("BadRequestError", "BadRequestError", 1),
    401: ("AuthenticationError", "AuthenticationError", 1),
    403: ("PermissionDeniedError", "PermissionDeniedError", 1),
    404: ("NotFoundError", "NotFoundError", 1),
    408: ("APIStatusError", "RequestTimeoutError", 3),
    409: ("ConflictError", "ConflictError", 3),
    413: ("APIStatusError", "ContentTooLargeError", 1),
    422: ("UnprocessableEntityError", "UnprocessableEntityError", 1),
    429: ("RateLimitError", "RateLimitError", 3),
    500: ("InternalServerError", "InternalServerError", 3),
    502: ("InternalServerError", "InternalServerError", 3),
    503: ("InternalServerError", "ServiceUnavailableError", 3),
    504: ("InternalServerError", "GatewayTimeoutError", 3),
    529: ("InternalServerError", "OverloadedError", 3),
}


@pytest.mark.parametrize("status", STATUSES)
def test_which_statuses_are_asked_again(tmp_path: Any, status: int) -> None:
    *errors, requests = STATUSES[status]
    for (name, (kind, agent)), error in zip(SDKS.items(), errors, strict=True):
        came = met(tmp_path, kind, agent, {"status": status})
        assert (came.got, came.requests) == (f"{name} {error}", requests)
        assert [each.sdk_retry for each in came.begun] == list(range(requests))


@pytest.mark.parametrize(
    ("status", "told", "requests"),
    [(500, False, 1), (429, False, 1), (400, True, 3), (401, True, 3)],
)
@pytest.mark.parametrize("name", SDKS)
def test_a_header_overrides_which_statuses_are_asked_again(
    tmp_path: Any, name: str, status: int, told: bool, requests: int
) -> None:
    kind, agent = SDKS[name]
    came = met(tmp_path, kind, agent, {"status": status, "should_retry": told})
    error = STATUSES[status][name == "anthropic"]
    assert (came.got, came.requests) == (f"{name} {error}", requests)
    # What was told to be made again is one logical call, whatever its status.
    assert [each.attempt for each in came.begun] == list(range(1, requests + 1))


DATE = format_datetime(datetime.fromisoformat(DEFAULT_START) + timedelta(seconds=9), usegmt=True)


@pytest.mark.parametrize(
    ("name", "told", "requests", "waited"),
    [
        ("openai", {"retry_after": 7}, 3, 14),
        ("openai", {"retry_after": 120}, 3, 240),
        ("openai", {"retry_after": 121}, 1, 0),
        ("openai", {"retry_after_ms": 250}, 3, 0.5),
        ("anthropic", {"retry_after": 121}, 3, 242),
        ("anthropic", {"retry_after_ms": 250}, 3, 0.5),
    ],
)
def test_how_long_a_client_lets_itself_be_told_to_wait(
    tmp_path: Any, name: str, told: Any, requests: int, waited: float
) -> None:
    kind, agent = SDKS[name]
    came = met(tmp_path, kind, agent, {"status": 429, **told})
    assert came.requests == requests
    assert came.seconds == pytest.approx(0.7 * requests + waited)


def test_a_date_to_come_back_at_is_kept(tmp_path: Any) -> None:
    came = met(tmp_path, "openai", by_openai, {"status": 429, "retry_after": DATE})
    assert came.begun[1].at == pytest.approx(9 * 10**9, abs=10**9)


@pytest.mark.parametrize(
    ("variables", "kind", "make"),
    [
        ({"OPENAI_BASE_URL": f"{BASE}/v1", "OPENAI_API_KEY": "k"}, "openai", "openai"),
        ({"ANTHROPIC_BASE_URL": BASE, "ANTHROPIC_API_KEY": "k"}, "anthropic", "anthropic"),
        ({"OPENAI_BASE_URL": f"{BASE}/v1", "OPENAI_API_KEY": "k"}, "openai", "langchain"),
        (
            {
                "OPENAI_API_BASE": f"{BASE}/v1",
                "OPENAI_BASE_URL": "http://elsewhere.test/v1",
                "OPENAI_API_KEY": "k",
            },
            "openai",
            "langchain",
        ),
    ],
)
def test_where_clients_let_themselves_be_sent(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, variables: Any, kind: str, make: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    async def agent() -> Any:
        if make == "langchain":
            from langchain_openai import ChatOpenAI

            return (await ChatOpenAI(model="gpt-4o").ainvoke("hello")).content
        if make == "openai":
            async with openai.AsyncOpenAI() as client:
                told = await client.chat.completions.create(**CHAT)
                return told.choices[0].message.content
        async with anthropic.AsyncAnthropic() as llm:
            message: Any = await llm.messages.create(model="m", max_tokens=99, messages=HI)
            return message.content[0].text

    came = met(tmp_path, kind, agent)
    assert came.got == "One two three four five six."
    assert came.requests == 1


# Frameworks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401])
def test_langgraph_asks_again_what_the_sdk_does_not(tmp_path: Any, status: int) -> None:
    async def agent() -> Any:
        flow = graph(model(f"{BASE}/v1"), retry_policy=RetryPolicy())
        return await flow.ainvoke({"messages": [("user", "Hi")]})

    came = met(tmp_path, "openai", agent, {"status": status})
    assert came.requests == 3
    assert [each.sdk_retry for each in came.begun] == [0, 0, 0]


def test_langchain_gives_up_a_stream_that_is_silent_for_two_minutes(tmp_path: Any) -> None:
    async def agent() -> Any:
        async for _ in model(f"{BASE}/v1").astream("hello"):
            pass

    came = met(tmp_path, "openai", agent, {"stall": "3 tokens"})
    assert came.got == "langchain_openai StreamChunkTimeoutError"
    assert came.seconds == pytest.approx(0.3 + 120)


ENDLESS = {"call_tool": {"name": "get_order", "arguments": {"id": 1}}}


def test_pydantic_ai_asks_fifty_times_at_the_most(tmp_path: Any) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async def agent() -> Any:
        provider = OpenAIProvider(base_url=f"{BASE}/v1", api_key="k")
        helper: Any = Agent(OpenAIChatModel("gpt-4o", provider=provider))

        @helper.tool_plain
        def get_order(id: int) -> str:  # noqa: A002
            return f"order {id}"

        return (await helper.run("hello")).output

    came = met(tmp_path, "openai", agent, ENDLESS)
    assert (came.got, came.requests) == ("pydantic_ai UsageLimitExceeded", 50)


def test_openai_agents_ask_the_responses_api_ten_times_at_the_most(tmp_path: Any) -> None:
    from agents import Agent, OpenAIProvider, RunConfig, Runner, function_tool

    @function_tool
    def get_order(id: int) -> str:  # noqa: A002
        """Looks an order up."""
        return f"order {id}"

    async def agent() -> Any:
        client = openai.AsyncOpenAI(api_key="k", base_url=f"{BASE}/v1")
        config = RunConfig(
            model_provider=OpenAIProvider(openai_client=client), tracing_disabled=True
        )
        helper: Any = Agent(name="helper", model="gpt-4o", tools=[get_order])
        return (await Runner.run(helper, "hello", run_config=config)).final_output

    came = met(tmp_path, "openai", agent, ENDLESS)
    assert (came.got, came.requests) == ("agents MaxTurnsExceeded", 10)
    assert {each.operation for each in came.begun} == {"responses"}
