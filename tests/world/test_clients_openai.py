"""The OpenAI SDK runs unmodified in the world."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import openai
import pytest

from evalkit.wire import Cut, Head, Reply, Reset, Send, Stall
from evalkit.world.callers import CALLER
from evalkit.world.clock import DEFAULT_START
from evalkit.world.endpoint import Admission
from tests.world.endpoints import (
    MS,
    SECOND,
    Answering,
    Ran,
    always,
    in_turn,
    on_behalf,
    passed,
    run,
)
from tests.world.providers import EVENT_STREAM, chat, chat_stream

BASES = ["http://llm.test/v1", "https://api.openai.com/v1"]
HI: Any = [{"role": "user", "content": "Hi"}]
ERROR = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}


def client(base: str = BASES[1], **settings: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="sk-test", base_url=base, **settings)


def ask(service: Answering, **settings: Any) -> Ran[Any]:
    """One completion; the error's class where it fails."""

    async def agent() -> Any:
        async with client(**settings) as llm:
            try:
                answer = await llm.chat.completions.create(model="gpt-4o", messages=HI)
            except openai.OpenAIError as error:
                return type(error).__name__
            return answer.choices[0].message.content

    return run(agent(), {"api.openai.com": service})


@pytest.mark.parametrize("base", BASES)
def test_a_completion(base: str) -> None:
    async def agent() -> Any:
        async with client(base) as llm:
            return await llm.chat.completions.create(model="gpt-4o", messages=HI)

    service = always(chat("Hello").after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.value.choices[0].message.content == "Hello"
    assert ran.value.usage.total_tokens == 5
    assert ran.now == 200 * MS
    assert service.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("base", BASES)
def test_a_stream_arrives_token_by_token_at_its_times(base: str) -> None:
    async def agent() -> Any:
        seen = []
        async with client(base) as llm:
            stream = await llm.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    seen.append((chunk.choices[0].delta.content, round(passed() / MS)))
        return seen

    service = always(chat_stream(["Hel", "lo", "!"], gap=12 * MS).after(300 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.value == [("Hel", 300), ("lo", 312), ("!", 324)]


@pytest.mark.parametrize("base", BASES)
def test_pooled_requests_share_one_connection(base: str) -> None:
    async def agent() -> None:
        async with client(base) as llm:
            for _ in range(100):
                await llm.chat.completions.create(model="gpt-4o", messages=HI)

    service = always(chat().after(200 * MS))
    ran = run(agent(), {"llm.test": service, "api.openai.com": service})

    assert ran.opened == 1
    assert ran.now == 100 * 200 * MS


def test_a_read_timeout_fires_at_its_exact_time() -> None:
    ran = ask(always(Reply(plan=(Stall(),))), timeout=30, max_retries=0)

    assert ran.value == "APITimeoutError"
    assert ran.now == 30 * SECOND
    print(f"30 s of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


@pytest.mark.parametrize(
    ("header", "value", "wait"),
    [
        ("retry-after", "7", 7 * SECOND),
        ("retry-after-ms", "1250", 1250 * MS),
        (
            "retry-after",
            format_datetime(datetime.fromisoformat(DEFAULT_START).replace(second=9), usegmt=True),
            9 * SECOND,
        ),
    ],
    ids=["seconds", "milliseconds", "date"],
)
def test_retry_after_is_waited_exactly(header: str, value: str, wait: int) -> None:
    limited = Reply.json(ERROR, status=429, headers=((header, value),))
    service = in_turn(limited, chat("Hello"))
    ran = ask(service)

    assert (ran.value, ran.now) == ("Hello", wait)
    assert [each.header("x-stainless-retry-count") for each in service.requests] == ["0", "1"]


def test_backoff_takes_its_time_and_its_jitter_repeats() -> None:
    runs = [ask(always(Reply.json(ERROR, status=500)), max_retries=2) for _ in range(2)]

    assert [each.value for each in runs] == ["InternalServerError"] * 2
    assert runs[0].now == runs[1].now
    # 0.5 s and 1 s, each with up to a quarter less.
    assert 1.125 * SECOND <= runs[0].now <= 1.5 * SECOND


@pytest.mark.parametrize(
    "reply",
    [
        Reply(plan=(Reset(),)),
        Reply(plan=(Cut(),)),
        Reply(headers=(("content-length", "99"),), plan=(Head(), Send(b"{"), Cut())),
        Reply(chunked=True, plan=(Head(), Send(b"{"), Cut())),
    ],
    ids=["reset", "empty reply", "cut short of its length", "cut in chunks"],
)
def test_a_broken_reply_is_tried_three_times(reply: Reply) -> None:
    service = always(reply)

    assert ask(service).value == "APIConnectionError"
    assert len(service.requests) == 3


def test_a_refused_connection_is_tried_three_times() -> None:
    service = always(chat())
    service.admission = Admission(refused=True)
    ran = ask(service)

    assert ran.value == "APIConnectionError"
    assert ran.now > SECOND
    assert service.requests == []


def test_a_stream_cut_in_its_chunks_raises() -> None:
    async def agent() -> Any:
        seen = []
        async with client() as llm:
            stream = await llm.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
            with pytest.raises(openai.APIConnectionError):
                async for chunk in stream:
                    seen.append(chunk.choices[0].delta.content)
        return seen

    whole = chat_stream(["Hel", "lo"], ends=False)
    cut = Reply(headers=EVENT_STREAM, chunked=True, plan=(*whole.plan, Cut()))

    assert run(agent(), {"api.openai.com": always(cut)}).value == ["Hel", "lo"]


def test_latency_is_exact_at_any_concurrency() -> None:
    async def agent() -> list[float]:
        async with client() as llm:

            async def call() -> int:
                began = passed()
                await llm.chat.completions.create(model="gpt-4o", messages=HI)
                return passed() - began

            return await asyncio.gather(*(call() for _ in range(50)))

    service = always(chat().after(200 * MS))

    assert run(agent(), {"api.openai.com": service}).value == [200 * MS] * 50


def test_one_sessions_retries_do_not_shift_anothers_jitter() -> None:
    def last_retry_of_ben(failures_of_ann: int) -> int:
        left = {"ann": failures_of_ann, "ben": 2}

        async def handler(request: Any) -> Reply:
            caller = CALLER.get()
            assert caller is not None
            left[caller.session] -= 1
            return chat() if left[caller.session] < 0 else Reply.json(ERROR, status=500)

        service = Answering(handler)
        ended: dict[str, int] = {}

        async def call(llm: openai.AsyncOpenAI, session: str) -> None:
            await llm.chat.completions.create(model="gpt-4o", messages=HI)
            ended[session] = passed()

        async def agent() -> None:
            async with client() as llm:
                await asyncio.gather(*(on_behalf(s, call(llm, s)) for s in left))

        run(agent(), {"api.openai.com": service})
        return ended["ben"]

    assert last_retry_of_ben(0) == last_retry_of_ben(1) == last_retry_of_ben(2) > SECOND


def test_the_clock_of_the_world_is_what_a_date_is_measured_against() -> None:
    assert datetime.fromisoformat(DEFAULT_START) == datetime(2026, 1, 5, 9, tzinfo=UTC)
