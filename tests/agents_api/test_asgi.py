"""Agents that are ASGI applications, called in the process."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from evalkit.agents import AgentFailed
from evalkit.errors import StartError
from evalkit.journal.records import Answer
from evalkit.services.asgi import lifespan
from tests.agents_api.opened import opened, turn, write

STARLETTE = """
    import asyncio, contextlib, json
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
    from starlette.routing import Route

    LOG = []

    @contextlib.asynccontextmanager
    async def lifespan(app):
        LOG.append("up")
        yield {"greeting": "Hello"}
        LOG.append("down")

    async def chat(request):
        body = await request.json()
        return JSONResponse({"text": f"{request.state.greeting} {body['input']}",
                             "answer": "hold", "confidence": 0.5,
                             "context": {"session": body["session"]}})

    async def echo(request):
        return JSONResponse({"text": json.dumps({
            "method": request.method, "path": request.url.path, "query": request.url.query,
            "headers": dict(request.headers), "body": (await request.body()).decode()})})

    async def stream(request):
        async def events():
            for piece in ("Hel", "lo"):
                yield f"data: {json.dumps({'text': piece})}\\n\\n"
                await asyncio.sleep(0)
            yield "data: [DONE]\\n\\n"
        return StreamingResponse(events(), media_type="text/event-stream")

    async def background(request):
        async def later():
            await asyncio.sleep(0.01)
            LOG.append("later")
        return JSONResponse({"text": "now"}, background=BackgroundTask(later))

    async def breaks_later(request):
        async def later():
            raise ValueError("in the background")
        return JSONResponse({"text": "now"}, background=BackgroundTask(later))

    async def hangs(request):
        try:
            await asyncio.sleep(3600)
        finally:
            LOG.append("cancelled")

    async def raises(request):
        raise LookupError("no such customer")

    async def refuses(request):
        return PlainTextResponse("too many", status_code=429)

    async def log(request):
        return JSONResponse({"text": " ".join(LOG)})

    app = Starlette(lifespan=lifespan, routes=[
        Route("/chat", chat, methods=["POST"]), Route("/stream", stream, methods=["POST"]),
        Route("/background", background, methods=["POST"]),
        Route("/breaks_later", breaks_later, methods=["POST"]),
        Route("/hangs", hangs, methods=["POST"]), Route("/raises", raises, methods=["POST"]),
        Route("/refuses", refuses, methods=["POST"]), Route("/log", log, methods=["POST"]),
        Route("/{path:path}", echo, methods=["POST", "GET"]),
    ])
"""

REPLY = {"answer": "$.answer", "confidence": "$.confidence", "context": "$.context"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, desk=STARLETTE)
    return tmp_path


async def say(folder: Path, path: str, **request: Any) -> str:
    """What the application says at a path."""
    async with opened(folder, asgi="desk.py:app", request={"path": path, **request}) as agent:
        return (await agent.reply(turn("hi", name="Ada"))).text


async def test_a_turn_is_a_request_and_its_response_a_reply(folder: Path) -> None:
    settings = {"asgi": "desk.py:app", "request": {"path": "/chat"}, "reply": REPLY}
    async with opened(folder, **settings) as agent:
        reply = await agent.reply(turn("Ada"))
    assert reply.text == "Hello Ada"
    assert reply.answer is Answer.HOLD
    assert reply.confidence == 0.5
    assert reply.context == {"session": "s-1"}


async def test_turns_run_side_by_side(folder: Path) -> None:
    async with opened(folder, asgi="desk.py:app", request={"path": "/chat"}) as agent:
        replies = await asyncio.gather(*(agent.reply(turn(str(n))) for n in range(20)))
    assert [each.text for each in replies] == [f"Hello {n}" for n in range(20)]


async def test_the_request_is_made_from_its_template(folder: Path) -> None:
    said = await say(
        folder,
        "/a b/{{ session.vars.name }}?q={{ turn.number }}&s=ä",
        headers={"X-Session": "{{ session.id }}"},
        json={
            "messages": [{"role": "user", "content": "{{ turn.input }}"}],
            "n": "{{ turn.number }}",
        },
    )
    assert '"path": "/a b/Ada"' in said or '"path": "/a%20b/Ada"' in said
    assert "q=1&s=%C3%A4" in said
    assert '"x-session": "s-1"' in said
    assert '"content-type": "application/json"' in said
    assert '{\\"role\\": \\"user\\", \\"content\\": \\"hi\\"}], \\"n\\": 1}' in said


async def test_a_request_may_have_no_body(folder: Path) -> None:
    said = await say(folder, "/x", method="GET", json=None)
    assert '"method": "GET"' in said
    assert '"body": ""' in said
    assert "content-length" not in said


async def test_a_stream_is_read_to_its_end(folder: Path) -> None:
    assert await say(folder, "/stream") == "Hello"


async def test_background_work_does_not_hold_up_the_reply(folder: Path) -> None:
    request = {"path": "/{{ turn.input }}"}
    async with opened(folder, asgi="desk.py:app", request=request) as agent:
        assert (await agent.reply(turn("background"))).text == "now"
        assert (await agent.reply(turn("log"))).text == "up"
        await asyncio.sleep(0.02)
        assert (await agent.reply(turn("log"))).text == "up later"


async def test_background_work_that_breaks_is_logged(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await say(folder, "/breaks_later") == "now"
    assert "the application raised after its response" in caplog.text


async def test_a_turn_that_is_given_up_is_cancelled_in_the_application(folder: Path) -> None:
    request = {"path": "/{{ turn.input }}"}
    async with opened(folder, asgi="desk.py:app", request=request) as agent:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent.reply(turn("hangs")), 0.01)
        assert (await agent.reply(turn("log"))).text == "up cancelled"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/raises", "the application raised LookupError: no such customer"),
        ("/refuses", "the agent answered 429: too many"),
        ("/chat?{{ session.vars.none }}", "the request of the turn cannot be made"),
    ],
)
async def test_what_goes_wrong_in_the_application_fails_the_turn(
    folder: Path, path: str, message: str
) -> None:
    with pytest.raises(AgentFailed, match=message):
        await say(folder, path)


@pytest.mark.parametrize("value", ["a\r\nb: c", "\u0100"])
async def test_a_header_that_cannot_be_sent_fails_the_turn(folder: Path, value: str) -> None:
    request = {"path": "/chat", "headers": {"x": "{{ session.vars.x }}"}}
    async with opened(folder, asgi="desk.py:app", request=request) as agent:
        with pytest.raises(AgentFailed, match="cannot carry the header 'x'"):
            await agent.reply(turn(x=value))


BARE = """
    START = {"type": "http.response.start", "status": 200, "headers": []}

    def app_of(*messages, after=None):
        async def app(scope, receive, send):
            assert scope["type"] == "http"
            await receive()
            for message in messages:
                await send(message)
            if after:
                await after()
        return app

    silent = app_of()
    unfinished = app_of(START, {"type": "http.response.body", "body": b"x", "more_body": True})
    no_start = app_of({"type": "http.response.body", "body": b"x"})
    twice = app_of(START, START)
    strange = app_of({"type": "websocket.accept"})
    no_status = app_of({"type": "http.response.start"})
    too_large = app_of(START, {"type": "http.response.body", "body": b"x" * 10_000_001})
    text_body = app_of(START, {"type": "http.response.body", "body": "x"})
    good = app_of(START, {"type": "http.response.body", "body": b'{"text": "x"}'})

    async def exits(scope, receive, send):
        assert scope["type"] == "http"
        raise SystemExit(3)

    def old(scope, receive, send):
        return None

    def wsgi(environ, start_response):
        return []
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("silent", "the application returned without a response"),
        ("unfinished", "the application returned without completing its response"),
        ("no_start", "sent 'http.response.body' out of order"),
        ("twice", "sent 'http.response.start' out of order"),
        ("strange", "sent 'websocket.accept' out of order"),
        ("no_status", "sent the status None"),
        ("too_large", "the response is larger than 10000000 bytes"),
        ("text_body", "the application raised TypeError"),
        ("exits", r"the application ended the process: SystemExit\(3\)"),
        ("old", "this is no ASGI 3 application: calling it gave nothing to await"),
    ],
)
async def test_an_application_that_breaks_the_protocol_fails_the_turn(
    tmp_path: Path, name: str, message: str
) -> None:
    write(tmp_path, desk=BARE)
    async with opened(tmp_path, asgi=f"desk.py:{name}") as agent:
        with pytest.raises(AgentFailed, match=message):
            await agent.reply(turn())


async def test_an_application_without_a_lifespan_runs(tmp_path: Path) -> None:
    write(tmp_path, desk=BARE)
    async with opened(tmp_path, asgi="desk.py:good") as agent:
        assert (await agent.reply(turn())).text == "x"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"asgi": "desk.py:wsgi"}, r"is no ASGI 3 application \(.*desk.py"),
        ({"asgi": "desk.py:START"}, "is no ASGI 3 application"),
        ({"asgi": "desk.py:none"}, "has no `none`"),
        ({"asgi": "desk.py:good", "request": {"path": "/{{ turn.input"}}, "template is wrong"),
        ({"asgi": "desk.py:good", "request": {"json": "{{ user }}"}}, "template is wrong"),
    ],
)
async def test_what_is_no_application_is_refused_at_the_start(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    write(tmp_path, desk=BARE)
    with pytest.raises(StartError, match=message):
        async with opened(tmp_path, **settings):
            pass


LIFESPANS = """
    import asyncio, contextlib
    from starlette.applications import Starlette

    @contextlib.asynccontextmanager
    async def breaks(app):
        raise RuntimeError("no database")
        yield

    @contextlib.asynccontextmanager
    async def breaks_at_the_end(app):
        yield
        raise RuntimeError("still busy")

    @contextlib.asynccontextmanager
    async def hangs(app):
        await asyncio.sleep(3600)
        yield

    start_breaks = Starlette(lifespan=breaks)
    end_breaks = Starlette(lifespan=breaks_at_the_end)
    start_hangs = Starlette(lifespan=hangs)
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("start_breaks", "failed in its startup: RuntimeError: no database"),
        ("start_hangs", "did not finish its startup within 0.01 s"),
    ],
)
async def test_an_application_that_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setattr(lifespan, "PATIENCE_S", 0.01)
    write(tmp_path, desk=LIFESPANS)
    with pytest.raises(StartError, match=message):
        async with opened(tmp_path, asgi=f"desk.py:{name}"):
            pass


async def test_an_application_that_does_not_end_well_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, desk=LIFESPANS)
    async with opened(tmp_path, asgi="desk.py:end_breaks"):
        pass
    assert "failed in its shutdown: RuntimeError: still busy" in caplog.text


async def test_the_lifespan_surrounds_the_turns(folder: Path) -> None:
    async with opened(folder, asgi="desk.py:app", request={"path": "/log"}) as agent:
        module = __import__("desk")
        assert (await agent.reply(turn())).text == "up"
    assert module.LOG == ["up", "down"]
