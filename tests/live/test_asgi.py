"""An agent that is an ASGI application: the suite that simulates it runs it live and under load."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evalkit import Verdict, api
from evalkit.journal.records import Arrival, CallbackSent, CallStarted
from evalkit.load.choosing import LoadChoice
from evalkit.load.running import load
from evalkit.store import Run
from evalkit.units import SECOND
from tests.live.worlds import replies, run, write

pytest.importorskip("starlette")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

APP = """
    import asyncio, contextlib, os
    import httpx2
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    began, told = [], {}

    @contextlib.asynccontextmanager
    async def lifespan(app):
        began.append("began")
        yield

    def heard(session):
        return told.setdefault(session, asyncio.Event())

    async def ask(request, method, path):
        headers = {"baggage": request.headers.get("baggage", "")}
        async with httpx2.AsyncClient(headers=headers) as client:
            reply = await client.request(method, os.environ["CRM"] + path)
            return reply.json()

    async def turn(request):
        body = await request.json()
        item = await ask(request, "GET", f"/items/{body['input']}")
        return JSONResponse({"text": f"{began[0]} {item['id']} {item['owner']}"})

    async def later(request):
        body = await request.json()

        async def call_back():
            async with httpx2.AsyncClient() as client:
                await client.post(body["to"], json={"text": "called back"})

        return JSONResponse({}, status_code=202, background=BackgroundTask(call_back))

    async def waits(request):
        session = (await request.json())["session"]
        await ask(request, "POST", "/orders")
        await asyncio.wait_for(heard(session).wait(), 20)
        return JSONResponse({"text": "heard of it"})

    async def hook(request):
        heard(request.query_params["of"]).set()
        return Response(status_code=204)

    app = Starlette(lifespan=lifespan, routes=[
        Route(path, endpoint, methods=["POST"])
        for path, endpoint in {
            "/": turn, "/later": later, "/waits": waits, "/hook": hook}.items()
    ])

    @contextlib.asynccontextmanager
    async def fails(app):
        raise RuntimeError("no database")
        yield

    broken = Starlette(lifespan=fails)
"""
CRM = """
service: rest
routes:
  GET /items/{id}:
    reply: {json: {id: "{{ path.id }}", owner: "{{ session.id }}"}}
  POST /orders:
    reply: {json: {}}
    webhook: {name: shipped, to: "{{ agent.url }}/hook?of={{ session.id }}", after: 30ms, json: {}}
"""


def _suite(folder: Path, request: dict[str, Any] | None = None, **agent: Any) -> Path:
    json = {"input": "{{ turn.input }}", "session": "{{ session.id }}"}
    whole = {"asgi": "app.py:app", "request": {"json": json, **(request or {})}, **agent}
    path = write(folder, whole, {"app.py": APP})
    (folder / "crm.yaml").write_text(CRM)
    return path


def _both(path: Path) -> tuple[Run, Run]:
    """What a suite comes to simulated and live."""
    (simulated,) = api.run(path, controls=False, out=path.parent / "simulated")
    return simulated, run(path)


def _calls(found: Run) -> set[tuple[str | None, str, str]]:
    records = found.records("happy", kinds=["call_started"])
    return {(x.session, x.method, x.path) for x in records if isinstance(x, CallStarted)}


def test_it_says_live_what_it_says_in_simulation(tmp_path: Path) -> None:
    simulated, live = _both(_suite(tmp_path))
    assert live.verdict is Verdict.PASS, live.record.reasons
    assert (simulated.record.clock, live.record.clock) == ("simulated", "real")
    assert replies(live, "happy") == replies(simulated, "happy")
    assert replies(live, "happy")["s-2"] == "began a s-2"
    assert _calls(live) == _calls(simulated)


def test_it_calls_back(tmp_path: Path) -> None:
    body = {"to": "{{ turn.callback_url }}"}
    request = {"path": "/later", "json": body}
    simulated, live = _both(_suite(tmp_path, request, callback={"within": "20s"}))
    for found in (simulated, live):
        assert found.verdict is Verdict.PASS, found.record.reasons
        assert set(replies(found, "happy").values()) == {"called back"}


def test_it_takes_webhooks(tmp_path: Path) -> None:
    simulated, live = _both(_suite(tmp_path, {"path": "/waits"}))
    for found in (simulated, live):
        assert found.verdict is Verdict.PASS, found.record.reasons
        assert set(replies(found, "happy").values()) == {"heard of it"}
        sent = [x for x in found.records("happy") if isinstance(x, CallbackSent)]
        assert [x.arrival for x in sent] == [Arrival.TAKEN] * 3


def test_it_is_put_under_load(tmp_path: Path) -> None:
    if find_spec("locust") is None:
        pytest.skip("Locust is not installed")
    path = _suite(tmp_path)
    choice = LoadChoice(users=3, run_time=2 * SECOND)
    found = load(path, choice, out=tmp_path / "reports")
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert _calls(found)
    assert all(session for session, _, _ in _calls(found))


@pytest.mark.parametrize(
    ("agent", "files", "words"),
    [
        ({"asgi": "app.py:broken"}, {}, "no database"),
        ({"asgi": "app.py:began"}, {}, "is no ASGI 3 application"),
        ({}, {"uvicorn.py": "raise ImportError"}, r"pip install 'evalkit\[live\]'"),
    ],
)
def test_one_that_does_not_start_says_why(
    tmp_path: Path, agent: dict[str, Any], files: dict[str, str], words: str
) -> None:
    path = _suite(tmp_path, **agent)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = run(path)
    assert found.verdict is Verdict.ERROR
    assert words.replace("\\", "") in "\n".join(found.record.reasons)
