"""The OpenAI Agents SDK runs unmodified in the world, its tracing switched on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_trace_processors,
)
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

from evalkit.wire import Reply, Stall
from tests.world.endpoints import MS, SECOND, always, in_turn, passed, run
from tests.world.providers import chat, chat_stream, response, response_stream

BASES = ["http://llm.test/v1", "https://api.openai.com/v1"]
MODELS: list[Any] = [OpenAIChatCompletionsModel, OpenAIResponsesModel]
ERROR = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}


class Exporter(BackendSpanExporter):
    """The SDK's own, which posts to a URL in its code; counts its attempts."""

    attempts = 0

    def export(self, items: Any, *args: Any, **kwargs: Any) -> None:
        super().export(items, *args, **kwargs)
        self.attempts += bool(items)


@pytest.fixture(autouse=True)
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exporter]:
    """Traces are exported from a thread of the SDK's own, as often as can be."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    exporter = Exporter(api_key="sk-test", max_retries=1)
    processor = BatchTraceProcessor(exporter, schedule_delay=0.001)
    set_trace_processors([processor])
    yield exporter
    set_trace_processors([])
    exporter.set_api_key("")  # so that nothing is sent from outside of a world
    processor.shutdown()


def helper(
    kind: Any = OpenAIChatCompletionsModel, base: str = BASES[1], tools: Any = (), **settings: Any
) -> Any:
    client = openai.AsyncOpenAI(api_key="sk-test", base_url=base, **settings)
    model = kind(model="gpt-4o", openai_client=client)
    return Agent(name="helper", model=model, tools=list(tools))


def answer(kind: Any, text: str, **settings: Any) -> Reply:
    if kind is OpenAIChatCompletionsModel:
        return chat(text, **settings)
    return Reply.json(response(text, **settings))


def stream(kind: Any, words: list[str], gap: int) -> Reply:
    make = chat_stream if kind is OpenAIChatCompletionsModel else response_stream
    return make(words, gap=gap)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("base", BASES)
def test_an_agent_runs(kind: Any, base: str) -> None:
    async def agent() -> Any:
        return (await Runner.run(helper(kind, base), "Hi")).final_output

    service = always(answer(kind, "Hello").after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert (ran.value, ran.now, ran.findings) == ("Hello", 200 * MS, [])
    assert len(service.requests) == 1


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("base", BASES)
def test_an_agent_streams(kind: Any, base: str) -> None:
    async def agent() -> Any:
        seen = []
        result = Runner.run_streamed(helper(kind, base), "Hi")
        async for event in result.stream_events():
            delta = getattr(getattr(event, "data", None), "delta", None)
            if isinstance(delta, str):
                seen.append((delta, round(passed() / MS)))
        return seen, result.final_output

    service = always(stream(kind, ["Hel", "lo"], 12 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    deltas, output = ran.value
    assert [text for text, _ in deltas] == ["Hel", "lo"]
    assert deltas[1][1] - deltas[0][1] == 12
    assert output == "Hello"


@pytest.mark.parametrize("kind", MODELS)
def test_an_agent_calls_tools_in_threads(kind: Any) -> None:
    @function_tool
    def slow_tool(seconds: int) -> str:
        """Takes its time."""
        time.sleep(seconds)
        return f"slept {seconds}"

    async def agent() -> Any:
        return (await Runner.run(helper(kind, tools=[slow_tool]), "Hi")).final_output

    calls = [("slow_tool", {"seconds": 3}), ("slow_tool", {"seconds": 2})]
    service = in_turn(answer(kind, "", calls=calls), answer(kind, "Done"))
    ran = run(agent(), {"api.openai.com": service})

    assert (ran.value, ran.now, ran.findings) == ("Done", 3 * SECOND, [])


def test_pooled_requests_share_one_connection() -> None:
    async def agent() -> None:
        bot = helper()
        for _ in range(100):
            await Runner.run(bot, "Hi")

    ran = run(agent(), {"api.openai.com": always(chat().after(200 * MS))})

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS
    print(f"20 s of world time took {ran.real_seconds:.2f} s of CPU")


def test_a_read_timeout_fires_at_its_exact_time() -> None:
    async def agent() -> None:
        with pytest.raises(openai.APITimeoutError):
            await Runner.run(helper(timeout=30, max_retries=0), "Hi")

    ran = run(agent(), {"api.openai.com": always(Reply(plan=(Stall(),)))})

    assert ran.now == 30 * SECOND


def test_retry_after_is_waited_exactly() -> None:
    async def agent() -> Any:
        return (await Runner.run(helper(), "Hi")).final_output

    limited = Reply.json(ERROR, status=429, headers=(("retry-after", "7"),))
    ran = run(agent(), {"api.openai.com": in_turn(limited, chat("Hello"))})

    assert (ran.value, ran.now) == ("Hello", 7 * SECOND)


def test_tracing_does_not_disturb_the_world() -> None:
    async def agent() -> Any:
        bot = helper()
        results = await asyncio.gather(*(Runner.run(bot, f"Hi {n}") for n in range(20)))
        return [result.final_output for result in results]

    def once() -> Any:
        service = always(chat("Hello").after(200 * MS))
        ran = run(agent(), {"api.openai.com": service})
        return ran.value, ran.now, ran.findings, [each.body for each in service.requests]

    first = once()

    assert first[:3] == (["Hello"] * 20, 200 * MS, [])
    assert len(first[3]) == 20
    assert all(once() == first for _ in range(4))


def test_tracing_does_not_reach_the_network(
    exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    async def agent() -> None:
        while not exporter.attempts:
            await Runner.run(helper(), "Hi")

    ran = run(agent(), {"api.openai.com": always(chat("Hello"))})

    assert "Tracing request failed" in caplog.text
    assert ran.findings == []
