"""litellm, which speaks through aiohttp, runs unmodified in the world."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from evalkit.wire import Reply, Reset, Stall
from tests.world.endpoints import MS, SECOND, Answering, Ran, always, in_turn, passed, run
from tests.world.providers import chat, chat_stream, message, message_stream

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches one when it is imported
litellm: Any = pytest.importorskip("litellm")

pytestmark = pytest.mark.filterwarnings("ignore")  # of its making
HOSTS = {"openai/gpt-4o": "api.openai.com", "anthropic/claude-test": "api.anthropic.com"}
OPENAI, ANTHROPIC = HOSTS
MODELS = pytest.mark.parametrize("model", HOSTS)
ERROR = {"error": {"message": "no", "type": "server_error", "param": None, "code": None}}
FAILING = Reply.json(ERROR, status=500)
BROKEN = Reply(plan=(Reset(),))
HANGING = Reply(plan=(Stall(),))
# OpenAI's SDK waits before a retry: 0.5 s, then 1 s, each with up to a quarter less.
WAITS = {0: (0, 0), 1: (0.375, 0.5), 2: (1.125, 1.5)}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The requests that aiohttp sees."""
    seen: list[str] = []
    request = aiohttp.ClientSession._request

    async def counted(self: Any, method: str, url: Any, **more: Any) -> Any:
        seen.append(f"{method} {url}")
        return await request(self, method, url, **more)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", counted)
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    return seen


def ask(model: str, service: Answering, **settings: Any) -> Ran[Any]:
    """What a completion says, or the name of what it raises."""

    async def agent() -> Any:
        try:
            answer = await completion(model, **settings)
        except Exception as error:
            return type(error).__name__
        return answer.choices[0].message.content

    return run(agent(), {HOSTS[model]: service})


async def completion(model: str, **settings: Any) -> Any:
    hi = [{"role": "user", "content": "Hi"}]
    return await litellm.acompletion(model=model, messages=hi, api_key="k", **settings)


def said(model: str, text: str) -> Reply:
    return chat(text) if model == OPENAI else message(text)


@MODELS
def test_a_completion(model: str, asked: list[str]) -> None:
    service = always(said(model, "Hello").after(200 * MS))
    ran = ask(model, service)

    assert ran.value == "Hello"
    assert (ran.now, ran.opened, ran.findings) == (200 * MS, 1, [])
    assert len(asked) == len(service.requests) == 1
    assert service.requests[0].path in ("/v1/chat/completions", "/v1/messages")


@pytest.mark.parametrize(
    ("model", "streamed", "first"), [(OPENAI, chat_stream, 200), (ANTHROPIC, message_stream, 224)]
)
def test_a_stream_arrives_token_by_token_at_its_times(
    model: str, streamed: Any, first: int, asked: list[str]
) -> None:
    async def agent() -> Any:
        seen = []
        async for chunk in await completion(model, stream=True):
            if chunk.choices[0].delta.content:
                seen.append((chunk.choices[0].delta.content, round(passed() / MS)))
        return seen

    service = always(streamed(["Hel", "lo", "!"], gap=12 * MS).after(200 * MS))
    ran = run(agent(), {HOSTS[model]: service})

    assert ran.value == [("Hel", first), ("lo", first + 12), ("!", first + 24)]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("model", "settings", "requests"),
    [
        # Of its own it retries no provider: the two retries are those of OpenAI's SDK.
        (OPENAI, {}, 3),
        (ANTHROPIC, {}, 1),
        (OPENAI, {"max_retries": 0}, 1),
        # Its own retries have the SDK's switched off.
        (OPENAI, {"num_retries": 2}, 5),
        (ANTHROPIC, {"num_retries": 2}, 3),
    ],
)
@pytest.mark.parametrize("reply", [FAILING, BROKEN], ids=["500", "reset"])
def test_a_dead_provider(
    model: str, settings: dict[str, int], requests: int, reply: Reply, asked: list[str]
) -> None:
    service = always(reply)
    ran = ask(model, service, **settings)

    assert ran.value == "InternalServerError"
    assert len(service.requests) == len(asked) == requests
    least, most = WAITS[2 if model == OPENAI and "max_retries" not in settings else 0]
    assert least * SECOND <= ran.now <= most * SECOND


@MODELS
def test_a_retry_gets_there(model: str) -> None:
    service = in_turn(FAILING, said(model, "Hello"))
    ran = ask(model, service, num_retries=2)

    assert (ran.value, len(service.requests)) == ("Hello", 2)
    least, most = WAITS[1 if model == OPENAI else 0]
    assert least * SECOND <= ran.now <= most * SECOND


@MODELS
def test_a_timeout_fires_at_its_exact_time(model: str) -> None:
    ran = ask(model, always(HANGING), timeout=30, max_retries=0)

    assert (ran.value, ran.now) == ("Timeout", 30 * SECOND)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_a_variable_sends_it_elsewhere(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://gateway.test/v1")
    gateway = always(chat("Hello"))

    async def agent() -> Any:
        return (await completion(OPENAI)).choices[0].message.content

    assert run(agent(), {"gateway.test": gateway}).value == "Hello"
    assert [each.path for each in gateway.requests] == ["/v1/chat/completions"]


def test_the_first_of_its_variables_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://first.test/v1")
    monkeypatch.setenv("OPENAI_API_BASE", "http://second.test/v1")
    first, second = always(chat("Hello")), always(chat("No"))

    async def agent() -> Any:
        return (await completion(OPENAI)).choices[0].message.content

    assert run(agent(), {"first.test": first, "second.test": second}).value == "Hello"
    assert second.requests == []


@MODELS
def test_left_alone_a_completion_waits_for_ten_minutes_and_a_router_for_a_hundred(
    model: str,
) -> None:
    async def routed() -> Any:
        settings = {"model": model, "api_key": "k", "max_retries": 0}
        router = litellm.Router([{"model_name": "one", "litellm_params": settings}], num_retries=0)
        try:
            await router.acompletion("one", [{"role": "user", "content": "Hi"}])
        except Exception as error:
            return type(error).__name__

    alone = ask(model, always(HANGING), max_retries=0)
    assert (alone.value, alone.now) == ("Timeout", 600 * SECOND)
    ran = run(routed(), {HOSTS[model]: always(HANGING)})
    assert (ran.value, ran.now) == ("Timeout", 6000 * SECOND)
