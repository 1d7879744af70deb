"""The Google GenAI SDK runs unmodified in the world, over aiohttp and over httpx."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google import genai
from google.genai import types

from evalkit.wire import Cut, Head, Reply, Reset, Send, Stall
from tests.world.endpoints import MS, SECOND, Answering, Ran, always, in_turn, run
from tests.world.providers import content, content_stream

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

HOST = "generativelanguage.googleapis.com"
SHORT = Reply(headers=(("content-length", "99"),), plan=(Head(), Send(b"{"), Cut()))
ERROR = {"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}}


def client(**options: Any) -> genai.Client:
    return genai.Client(api_key="k", http_options=types.HttpOptions(**options))


def ask(service: Answering, **options: Any) -> Ran[Any]:
    """One response; the error's class where it fails."""

    async def agent() -> Any:
        llm = client(**options).aio
        try:
            return (await llm.models.generate_content(model="gemini-test", contents="Hi")).text
        except Exception as error:
            return type(error).__name__
        finally:
            await llm.aclose()

    return run(agent(), {HOST: service})


def httpx_alone() -> dict[str, Any]:
    """Arguments of its own make the SDK take httpx instead of aiohttp."""
    import httpx

    return {"async_client_args": {"transport": httpx.AsyncHTTPTransport()}}


@pytest.mark.parametrize("options", [dict, httpx_alone], ids=["aiohttp", "httpx"])
def test_a_response(options: Any) -> None:
    service = always(content("Hello").after(200 * MS))
    ran = ask(service, **options())

    assert (ran.value, ran.now) == ("Hello", 200 * MS)
    assert service.requests[0].path.endswith("/models/gemini-test:generateContent")


def test_a_stream_arrives_token_by_token_at_its_times() -> None:
    async def agent() -> Any:
        loop, seen = asyncio.get_running_loop(), []
        began = loop.time()
        llm = client().aio
        asked = {"model": "gemini-test", "contents": "Hi"}
        async for chunk in await llm.models.generate_content_stream(**asked):
            seen.append((chunk.text, round((loop.time() - began) * 1000)))
        await llm.aclose()
        return seen

    service = always(content_stream(["Hel", "lo", "!"], gap=12 * MS).after(300 * MS))

    assert run(agent(), {HOST: service}).value == [("Hel", 300), ("lo", 312), ("!", 324)]


def test_pooled_requests_share_one_connection() -> None:
    async def agent() -> None:
        llm = client().aio
        for _ in range(50):
            await llm.models.generate_content(model="gemini-test", contents="Hi")
        await llm.aclose()

    ran = run(agent(), {HOST: always(content().after(200 * MS))})

    assert (ran.opened, ran.now) == (1, 50 * 200 * MS)


@pytest.mark.parametrize(
    ("reply", "value", "requests", "took"),
    [
        (Reply.json(ERROR, status=503), "ServerError", 1, 0),
        (Reply.json(ERROR, status=429), "ClientError", 1, 0),
        (Reply(plan=(Reset(),)), "ClientOSError", 2, SECOND),
        (Reply(plan=(Cut(),)), "ServerDisconnectedError", 2, SECOND),
        (SHORT, "ClientPayloadError", 1, 0),
        (Reply.whole(b"<html>", content_type="text/html"), "JSONDecodeError", 1, 0),
        (Reply.json({}), None, 1, 0),
    ],
    ids=["503", "429", "reset", "empty reply", "short body", "html", "no candidates"],
)
def test_what_the_client_makes_of_failures(
    reply: Reply, value: str | None, requests: int, took: int
) -> None:
    service = always(reply)
    ran = ask(service)

    assert (ran.value, len(service.requests), ran.now) == (value, requests, took)


def test_a_timeout_fires_at_its_exact_time() -> None:
    ran = ask(always(Reply(plan=(Stall(),))), timeout=30_000)

    assert (ran.value, ran.now) == ("TimeoutError", 30 * SECOND)


def test_retries_are_made_where_they_are_asked_for() -> None:
    service = in_turn(Reply.json(ERROR, status=503), content("Hello"))
    retry = types.HttpRetryOptions(attempts=3, initial_delay=1, jitter=0)

    assert (ask(service, retry_options=retry).value, len(service.requests)) == ("Hello", 2)
