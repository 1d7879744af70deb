"""An agent that is an ASGI application: the suite that simulates it runs it live and under load."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit import Verdict, api
from evalkit.journal.records import Arrival, CallbackSent, CallStarted, End, FaultMoved, Stage
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

    async def echo(request):
        said = (request.path_params["word"], request.query_params["q"], request.headers["who"])
        return JSONResponse({"text": " | ".join(said)})

    async def accept(request):
        session = (await request.json())["session"]
        return JSONResponse({}, status_code=202, headers={"Location": f"/jobs/{session}"})

    async def job(request):
        return JSONResponse({"status": "done", "result": {"text": request.url.path}})

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
        Route(path, endpoint, methods=["POST", "GET"])
        for path, endpoint in {
            "/": turn, "/later": later, "/waits": waits, "/hook": hook, "/echo/{word}": echo,
            "/accept": accept, "/jobs/{session}": job}.items()
    ])

    def plain(scope, receive, send):  # ASGI 3 asks for what can be awaited, not for `async def`
        return app(scope, receive, send)

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
    # A name that Python has a module of, as any file beside a suite may have.
    path = write(folder, whole, {"app.py": APP, "queue.py": "raise ImportError('not this one')"})
    (folder / "crm.yaml").write_text(CRM)
    return path


def _both(path: Path) -> tuple[Run, Run]:
    """What a suite comes to simulated and live."""
    (simulated,) = api.run(path, controls=False, out=path.parent / "simulated")
    return simulated, run(path)


def _calls(found: Run) -> set[tuple[str | None, str, str]]:
    records = found.records("happy", kinds=["call_started"])
    return {(x.session, x.method, x.path) for x in records if isinstance(x, CallStarted)}


@pytest.mark.parametrize("app", [pytest.param("app", marks=pytest.mark.slow), "plain"])
def test_it_says_live_what_it_says_in_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: str
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    simulated, live = _both(_suite(tmp_path, asgi=f"app.py:{app}"))
    assert live.verdict is Verdict.PASS, live.record.reasons
    assert (simulated.record.clock, live.record.clock) == ("simulated", "real")
    assert replies(live, "happy") == replies(simulated, "happy")
    assert replies(live, "happy")["s-2"] == "began a s-2"
    assert _calls(live) == _calls(simulated)


def test_what_it_is_sent_is_written_alike(tmp_path: Path) -> None:
    where = "/echo/Zoë A\r\nB?q=a b+ü"
    simulated, live = _both(_suite(tmp_path, {"path": where, "headers": {"who": "Zoë"}}))
    assert replies(live, "happy") == replies(simulated, "happy")
    assert set(replies(live, "happy").values()) == {"Zoë A\r\nB | a b ü | Zoë"}


def test_it_is_polled(tmp_path: Path) -> None:
    reply = {"text": "$.result.text"}
    simulated, live = _both(_suite(tmp_path, {"path": "/accept"}, poll={}, reply=reply))
    assert replies(live, "happy") == replies(simulated, "happy")
    assert replies(live, "happy")["s-1"] == "/jobs/s-1"


@pytest.mark.slow
def test_it_is_killed_and_started_again(tmp_path: Path) -> None:
    restart = {"at": "agent", "when": {"during": "crm GET*", "call": 1}, "inject": "restart"}
    path = _suite(tmp_path)
    whole = yaml.safe_load(path.read_text())
    whole["sessions"] |= {"concurrency": 1}
    whole["scenarios"] = {"happy": {"faults": [restart]}}
    path.write_text(yaml.safe_dump(whole))
    for found in _both(path):
        (scenario,) = found.record.scenarios
        assert scenario.ends[End.COMPLETED] == 3
        moved = [x.stage for x in found.records("happy") if isinstance(x, FaultMoved)]
        assert moved.count(Stage.DELIVERED) == 3


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


@pytest.mark.slow
def test_it_is_put_under_load(tmp_path: Path) -> None:
    found = _loaded(_suite(tmp_path))
    assert _calls(found)
    assert all(session for session, _, _ in _calls(found))


@pytest.mark.parametrize("how", [pytest.param("polled", marks=pytest.mark.slow), "calls back"])
def test_it_answers_later_under_load(tmp_path: Path, how: str) -> None:
    if how == "polled":
        reply = {"text": "$.result.text"}
        path = _suite(tmp_path, {"path": "/accept"}, poll={"every": "100ms"}, reply=reply)
    else:
        body = {"to": "{{ turn.callback_url }}"}
        path = _suite(tmp_path, {"path": "/later", "json": body}, callback={})
    said = set(replies(_loaded(path), "happy").values())
    assert said == {"called back"} or {str(each)[:7] for each in said} == {"/jobs/s"}


def _loaded(path: Path) -> Run:
    """What a suite comes to under a little load."""
    if find_spec("locust") is None:
        pytest.skip("Locust is not installed")
    choice = LoadChoice(users=3, run_time=2 * SECOND)
    found = load(path, choice, out=path.parent / "reports")
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert found.record.scenarios[0].ends[End.COMPLETED] >= 3
    return found


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ({"asgi": "app.py:broken"}, "no database"),
        ({"asgi": "app.py:began"}, "is no ASGI 3 application"),
        ({"env": {"PYTHONPATH": "without"}}, "pip install 'evalkit[live]'"),
    ],
)
def test_one_that_does_not_start_says_why(
    tmp_path: Path, agent: dict[str, Any], words: str
) -> None:
    path = _suite(tmp_path, **agent)
    (tmp_path / "without").mkdir()
    (tmp_path / "without/uvicorn.py").write_text("raise ImportError")
    found = run(path)
    assert found.verdict is Verdict.ERROR
    assert words in "\n".join(found.record.reasons)
    (scenario,) = found.record.scenarios
    assert scenario.ends[End.ERRORED] == 3
    assert {each["reason"] for each in found.sessions.to_dict("records")} == {
        "it was never started"
    }
