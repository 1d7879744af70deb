"""Any ASGI application as a service, asked by a real client in a world."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from evalkit.errors import StartError, SuiteError
from evalkit.journal.records import CallEnded, CallStarted, Outcome
from evalkit.services import load_service
from evalkit.suite.model import ServiceUse
from tests.services.running import SECOND, URL, Ran, run

APP = """
import asyncio, contextlib, time
import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

ORDERS, LOG = {}, []

@contextlib.asynccontextmanager
async def lifespan(app):
    LOG.append("up")
    yield {"prefix": "order"}
    LOG.append("down")

async def create(request):
    body = await request.json()
    ORDERS[body["id"]] = body
    return JSONResponse({"id": body["id"], "kind": request.state.prefix, "at": time.time()}, 201)

async def read(request):
    await asyncio.sleep(0.25)
    found = ORDERS.get(request.path_params["id"])
    return JSONResponse(found or {"error": "unknown"}, 200 if found else 404)

async def events(request):
    async def each():
        for number in range(3):
            yield f"data: {number}\\n\\n"
            await asyncio.sleep(2)
    return StreamingResponse(each(), media_type="text/event-stream")

async def breaks(request):
    raise ValueError("no such table")

async def breaks_off(request):
    async def each():
        yield "data: 0\\n\\n"
        await asyncio.sleep(1)
        raise ValueError("lost")
    return StreamingResponse(each(), media_type="text/event-stream")

async def asks(request):
    async with httpx.AsyncClient() as client:
        answer = await client.get("http://stock.evalkit.test/stock/1")
    return JSONResponse(answer.json())

async def later(request):
    async def work():
        await asyncio.sleep(5)
        LOG.append("worked")
    return PlainTextResponse("fine", background=BackgroundTask(work))

async def log(request):
    return PlainTextResponse(",".join(LOG))

async def echo(request):
    return JSONResponse({"query": list(request.query_params.multi_items()),
                         "path": request.url.path, "host": request.url.hostname,
                         "header": request.headers.getlist("x-one")})

app = Starlette(lifespan=lifespan, routes=[
    Route("/orders", create, methods=["POST"]),
    Route("/orders/{id}", read),
    Route("/events", events),
    Route("/breaks", breaks),
    Route("/breaks-off", breaks_off),
    Route("/asks", asks),
    Route("/later", later),
    Route("/log", log),
    Mount("/v2", routes=[Route("/echo/{what:path}", echo)]),
])

async def bare(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    if scope["path"] == "/nothing":
        return
    if scope["path"] == "/odd":
        await send({"type": "http.response.body", "body": b"x"})
    if scope["path"] == "/left":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        message = await receive()
        message = await receive()
        GONE.append(message["type"])
        return
    text = ",".join(GONE).encode() or b"ok"
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})

GONE = []

async def never_up(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})

number = 17
"""
DEFINITION = "service: asgi\napp: app.py:app\n"
STOCK = "service: rest\nroutes:\n  GET /stock/{id}: {reply: {json: {left: 3}}}\n"


def asked(folder: Path, *paths: str, definition: str = DEFINITION, **more: Any) -> Ran:
    """The statuses and texts of GET requests, one after the other."""

    async def main() -> list[Any]:
        async with httpx.AsyncClient(base_url=URL, timeout=60) as client:
            answers = []
            for path in paths:
                try:
                    response = await client.get(path)
                    answers.append((response.status_code, response.text))
                except httpx.HTTPError as error:
                    answers.append(type(error).__name__)
            return answers

    return run(folder, {"service.yaml": definition, "app.py": APP}, main, **more)


def test_it_runs_with_its_lifespan_and_its_own_memory(tmp_path: Path) -> None:
    async def main() -> list[Any]:
        async with httpx.AsyncClient(base_url=URL) as client:
            made = await client.post("/orders", json={"id": "a1"})
            read = await client.get("/orders/a1")
            lost = await client.get("/orders/a2")
            log = await client.get("/log")
            return [made.json(), read.json(), lost.status_code, log.text]

    ran = run(tmp_path, {"service.yaml": DEFINITION, "app.py": APP}, main)
    assert ran.value == [
        {"id": "a1", "kind": "order", "at": 1767603600.0},
        {"id": "a1"},
        404,
        "up",
    ]
    assert ran.operations == ["POST /orders", "GET /orders/{id}", "GET /orders/{id}", "GET /log"]
    assert ran.world.clock.now == SECOND // 2
    assert asked(tmp_path, "/orders/a1").value == [(404, '{"error":"unknown"}')]


def test_a_stream_is_played_as_it_comes(tmp_path: Path) -> None:
    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with (
            httpx.AsyncClient(base_url=URL) as client,
            client.stream("GET", "/events") as got,
        ):
            seen = [(loop.time() - began, got.headers["content-type"].partition(";")[0])]
            async for piece in got.aiter_text():
                seen.append((loop.time() - began, piece))
            return [*seen, (loop.time() - began, "end")]

    ran = run(tmp_path, {"service.yaml": DEFINITION, "app.py": APP}, main)
    assert ran.value == [
        (0, "text/event-stream"),
        (0, "data: 0\n\n"),
        (2, "data: 1\n\n"),
        (4, "data: 2\n\n"),
        (6, "end"),
    ]
    (ended,) = ran.of(CallEnded)
    assert (ended.first_byte, ended.last_token) == (0, 4 * SECOND)
    assert ended.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize(
    ("fault", "path", "answer", "seconds"),
    [
        ({"status": 503, "body": "down"}, "/events", (503, "down"), 0),
        ({"delay": "9s"}, "/events", (200, "data: 0\n\ndata: 1\n\ndata: 2\n\n"), 9 + 6),
        ({"cut": 12}, "/events", "RemoteProtocolError", 6),
        ({"cut": 1}, "/log", "RemoteProtocolError", 0),
        ("reset", "/log", "ReadError", 0),
        ({"delay": "1s"}, "/orders/a1", (404, '{"error":"unknown"}'), 1.25),
        ({"truncated": "50%"}, "/orders/a1", (404, '{"error":'), 0.25),
    ],
)
def test_faults_are_on_top(
    tmp_path: Path, fault: Any, path: str, answer: Any, seconds: float
) -> None:
    ran = asked(tmp_path, path, faults=[{"at": f"mock GET {path[:5]}*", "inject": fault}])
    assert ran.value == [answer]
    assert ran.world.clock.now == seconds * SECOND
    assert len(ran.delivered) == 1


def test_latency_comes_before_the_application(tmp_path: Path) -> None:
    ran = asked(tmp_path, "/orders/a1", definition=f"{DEFINITION}latency: 2s\n")
    assert ran.world.clock.now == 2.25 * SECOND


def test_an_exception_is_a_500_with_a_complaint(tmp_path: Path) -> None:
    ran = asked(tmp_path, "/breaks", "/log")
    assert ran.value == [(500, "Internal Server Error"), (200, "up")]
    first, second = ran.complaints
    assert "ValueError: no such table" in str(first)
    assert "app.py" in str(first)
    assert second is None


def test_an_exception_in_a_stream_ends_the_connection(tmp_path: Path) -> None:
    ran = asked(tmp_path, "/breaks-off", "/log")
    assert ran.value == ["RemoteProtocolError", (200, "up")]
    first, second = ran.of(CallEnded)
    assert (first.outcome, first.failed) == (Outcome.CUT, True)
    assert "ValueError: lost" in str(first.complaint)
    assert second.complaint is None


def test_what_it_asks_of_others_is_the_sessions(tmp_path: Path) -> None:
    (tmp_path / "stock.yaml").write_text(STOCK)
    ran = asked(tmp_path, "/asks", others={"stock": "stock.yaml"})
    assert ran.value == [(200, '{"left":3}')]
    assert [(each.service, each.session) for each in ran.of(CallStarted)] == [
        ("mock", "s"),
        ("stock", "s"),
    ]


def test_background_work_goes_on_and_takes_no_time_of_the_reply(tmp_path: Path) -> None:
    async def main() -> list[Any]:
        async with httpx.AsyncClient(base_url=URL) as client:
            await client.get("/later")
            at_once = (await client.get("/log")).text
            await asyncio.sleep(6)
            return [at_once, (await client.get("/log")).text]

    ran = run(tmp_path, {"service.yaml": DEFINITION, "app.py": APP}, main)
    assert ran.value == ["up", "up,worked"]
    assert [each.at for each in ran.of(CallEnded)] == [0, 0, 6 * SECOND]


def test_what_was_asked_arrives(tmp_path: Path) -> None:
    ran = asked(tmp_path, "/v2/echo/a%20b/c?x=1&x=2&y=%26", "/nowhere/17")
    assert ran.value[0] == (
        200,
        '{"query":[["x","1"],["x","2"],["y","&"]],"path":"/v2/echo/a b/c",'
        '"host":"mock.evalkit.test","header":[]}',
    )
    assert ran.operations == ["GET /v2/echo/{what:path}", "GET /nowhere/17"]


@pytest.mark.parametrize(
    ("path", "answer", "complaint"),
    [
        ("/", (200, "ok"), None),
        ("/nothing", (500, '{"error":"the mock service failed"}'), "returned without one"),
        ("/odd", (500, '{"error":"the mock service failed"}'), "where it has no place"),
    ],
)
def test_a_bare_application(tmp_path: Path, path: str, answer: Any, complaint: str | None) -> None:
    definition = "service: asgi\napp: app.py:bare\noperations: ['GET /{what}']\n"
    ran = asked(tmp_path, path, definition=definition)
    assert ran.value == [answer]
    assert (complaint or "None") in str(ran.complaints[0])
    assert ran.operations == ["GET /{what}" if path != "/" else "GET /"]


def test_a_client_that_goes_away_is_told_as_a_disconnect(tmp_path: Path) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(base_url=URL, timeout=1) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/left")
            assert (await client.get("/")).text == "http.disconnect"

    definition = "service: asgi\napp: app.py:bare\n"
    ran = run(tmp_path, {"service.yaml": definition, "app.py": APP}, main)
    assert [each.outcome for each in ran.of(CallEnded)] == [Outcome.ABANDONED, Outcome.REPLIED]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("app: ap.py:app", "2:6: there is no file"),
        ("app: ap.py:app", "did you mean app.py?"),
        ("app: app.py:ap", "has no `ap`"),
        ("app: app.py", '"app.py" names nothing'),
        ("app: broken.py:app", "cannot be read as Python"),
        ("app: app.py:app\noperations: [GET orders]", "the path of a route begins with"),
        ("app: app.py:app\nlatency: soon", "soon"),
        ("ap: app.py:app", 'unknown key "ap"'),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, definition: str, message: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "broken.py").write_text("def app(:\n")
    (tmp_path / "service.yaml").write_text(f"service: asgi\n{definition}\n")
    with pytest.raises(SuiteError) as caught:
        load_service("mock", ServiceUse(use="service.yaml"), tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("never_up", "the service mock: app.py:never_up failed in its startup: no database"),
        ("number", "the service mock: app.py:number is no ASGI 3 application"),
    ],
)
def test_an_application_that_does_not_start(tmp_path: Path, app: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        asked(tmp_path, "/", definition=f"service: asgi\napp: app.py:{app}\n")
    assert message in str(caught.value)
