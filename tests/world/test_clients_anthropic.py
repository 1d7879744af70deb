"""The Anthropic SDK runs unmodified in the world."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import pytest

from evalkit.wire import Cut, Reply, Reset, Stall
from tests.world.endpoints import MS, SECOND, Answering, Ran, always, in_turn, passed, run
from tests.world.providers import message, message_stream

BASES = ["http://llm.test", "https://api.anthropic.com"]
HI: Any = [{"role": "user", "content": "Hi"}]
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}


def client(base: str = BASES[1], **settings: Any) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="sk-test", base_url=base, **settings)


async def create(llm: anthropic.AsyncAnthropic) -> Any:
    return await llm.messages.create(model="claude-test", max_tokens=99, messages=HI)


def ask(service: Answering, **settings: Any) -> Ran[Any]:
    """One message; the error's class where it fails."""

    async def agent() -> Any:
        async with client(**settings) as llm:
            try:
                return (await create(llm)).content[0].text
            except anthropic.AnthropicError as error:
                return type(error).__name__

    return run(agent(), {"api.anthropic.com": service})


@pytest.mark.parametrize("base", BASES)
def test_a_message(base: str) -> None:
    async def agent() -> Any:
        async with client(base) as llm:
            return await create(llm)

    service = always(message("Hello").after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.anthropic.com": service})

    assert ran.value.content[0].text == "Hello"
    assert ran.now == 200 * MS
    assert service.requests[0].path == "/v1/messages"


@pytest.mark.parametrize("base", BASES)
def test_a_stream_arrives_token_by_token_at_its_times(base: str) -> None:
    async def agent() -> Any:
        seen = []
        async with (
            client(base) as llm,
            llm.messages.stream(model="claude-test", max_tokens=9, messages=HI) as stream,
        ):
            async for text in stream.text_stream:
                seen.append((text, round(passed() / MS)))
        return seen

    service = always(message_stream(["Hel", "lo"], gap=12 * MS))
    ran = run(agent(), {"llm.test": service, "api.anthropic.com": service})

    assert ran.value == [("Hel", 24), ("lo", 36)]


@pytest.mark.parametrize("base", BASES)
def test_pooled_requests_share_one_connection(base: str) -> None:
    async def agent() -> None:
        async with client(base) as llm:
            for _ in range(100):
                await create(llm)

    service = always(message().after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.anthropic.com": service})

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS


def test_a_read_timeout_fires_at_its_exact_time() -> None:
    ran = ask(always(Reply(plan=(Stall(),))), timeout=30, max_retries=0)

    assert ran.value == "APITimeoutError"
    assert ran.now == 30 * SECOND
    print(f"30 s of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


@pytest.mark.parametrize("seconds", [7, 3600])
def test_retry_after_is_waited_exactly(seconds: int) -> None:
    limited = Reply.json(ERROR, status=529, headers=(("retry-after", str(seconds)),))
    ran = ask(in_turn(limited, message("Hello")))

    assert (ran.value, ran.now) == ("Hello", seconds * SECOND)


def test_backoff_takes_its_time_and_its_jitter_repeats() -> None:
    runs = [ask(always(Reply.json(ERROR, status=529))) for _ in range(2)]

    assert runs[0].now == runs[1].now
    assert 1.125 * SECOND <= runs[0].now <= 1.5 * SECOND


@pytest.mark.parametrize("reply", [Reply(plan=(Reset(),)), Reply(plan=(Cut(),))])
def test_a_broken_reply_is_tried_three_times(reply: Reply) -> None:
    service = always(reply)

    assert ask(service).value == "APIConnectionError"
    assert len(service.requests) == 3


def test_latency_is_exact_at_any_concurrency() -> None:
    async def agent() -> list[float]:
        async with client() as llm:

            async def call() -> int:
                began = passed()
                await create(llm)
                return passed() - began

            return await asyncio.gather(*(call() for _ in range(50)))

    service = always(message().after(200 * MS))

    assert run(agent(), {"api.anthropic.com": service}).value == [200 * MS] * 50
