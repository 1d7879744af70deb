"""Jobs, webhooks and people in a run: a service calls the agent's own endpoint back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.journal.digest import session_digest
from evalkit.journal.records import (
    Arrival,
    CallbackSent,
    EffectCommitted,
    FaultMissed,
    FaultMoved,
    Stage,
)
from tests.engine.suites import Ran, run, sessions, write_suite

NS = 1_000_000_000
SERVICE = {
    "latency": "100ms",
    "jobs": {"reports": {"takes": "60s", "result": {"text": "all about {{ body.about }}"}}},
    "routes": {
        "POST /reports": {
            "start": "reports",
            "webhook": {
                "name": "report",
                "to": "{{ body.callback_url }}",
                "json": {"session": "{{ session.id }}", "text": "{{ job.result.text }}"},
                "sign": {"secret": "s3cret", "style": "prefixed"},
                "retries": ["5s", "10s"],
            },
        },
        "GET /reports/{id}": {"poll": "reports"},
        "POST /steps": {
            "reply": {"json": {}},
            "webhook": {
                "name": "step",
                "to": "{{ agent.url }}/hook",
                "after": "2s",
                "json": {"session": "{{ session.id }}", "text": "{{ body.n }}"},
            },
        },
    },
}
AGENT = """
import asyncio, hashlib, hmac, json, os
import httpx

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)
URL = os.environ["OWN_URL"] + "/hook?key=1"
seen, refusing, woken = {}, {"status": 200}, {}

async def body_of(receive):
    message = await receive()
    return json.loads(message["body"]), message["body"]

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, raw = await body_of(receive)
    answer = await (hook if scope["path"] == "/hook" else turn)(scope, body, raw)
    status, told = answer
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

async def hook(scope, body, raw):
    given = dict(scope["headers"]).get(b"x-signature")
    signed = "sha256=" + hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
    if given is not None and given.decode() != signed:
        return 401, {}
    session = body["session"]
    seen.setdefault(session, []).append(str(body["text"]))
    woken.setdefault(session, asyncio.Event()).set()
    return 200, {}

async def turn(scope, body, raw):
    session, what = body["session"], body["input"]
    woken[session] = event = asyncio.Event()
    if what == "steps":
        for n in range(3):
            await client.post("/steps", json={"n": n})
        await asyncio.sleep(90)
    else:
        await client.post("/reports", json={"about": what, "callback_url": URL})
        if what != "leave":
            try:
                await asyncio.wait_for(event.wait(), 100)
            except asyncio.TimeoutError:
                pass
            await asyncio.sleep(5)
    return 200, {"text": " ".join(seen.get(session, [])) or "nothing"}
"""
ENV = {"ITEMS_URL": "{{ services.items.url }}", "OWN_URL": "{{ agent.url }}"}


def suite(folder: Path, faults: dict[str, Any], say: str = "tea", **parts: Any) -> Path:
    items = [{"id": name, "turns": [{"input": say}]} for name in parts.pop("names", ("s0",))]
    scenarios = {
        name: {"faults": [{"at": "items webhook *", "inject": each, **more}]} if each else {}
        for name, (each, more) in faults.items()
    }
    path = write_suite(
        folder,
        agent=AGENT,
        rest=SERVICE,
        sessions={"items": items, "concurrency": parts.pop("concurrency", 1)},
        scenarios=scenarios,
        **parts,
    )
    return served(path, env=ENV)


def served(path: Path, **settings: Any) -> Path:
    """The suite with an agent that is served."""
    suite = yaml.safe_load(path.read_text())
    suite["agent"] = {"asgi": "agent.py:app", **settings}
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path


def only(ran: Ran, scenario: str) -> Ran:
    return Ran([], {key: each for key, each in ran.results.items() if key[0] == scenario})


def sent(ran: Ran) -> list[tuple[str, int, int | None, int]]:
    return [
        (each.arrival.value, each.attempt, each.status, round(each.began / NS))
        for each in ran.of(CallbackSent)
    ]


FAULTS: dict[str, tuple[Any, dict[str, Any], str, list[Any]]] = {
    # name: fault, more of its rule, what the agent says, what was sent (when, in seconds)
    "none": (None, {}, "all about tea", [("taken", 1, 200, 60)]),
    "late": ({"callback_late": "20s"}, {}, "all about tea", [("taken", 1, 200, 80)]),
    "dropped": ("callback_dropped", {}, "nothing", [("lost", 1, None, 60)]),
    "duplicated": (
        {"callback_duplicated": "3s"},
        {},
        "all about tea all about tea",
        [("taken", 1, 200, 60), ("taken", 1, 200, 63)],
    ),
    "altered": (
        "callback_altered",
        {"when": {"attempt": 1}},
        "all about tea",
        [("refused", 1, 401, 60), ("taken", 2, 200, 65)],
    ),
    "forged": (
        {"callback_altered": "signature"},
        {},
        "nothing",
        [("refused", 1, 401, 60), ("refused", 2, 401, 65), ("refused", 3, 401, 75)],
    ),
    "third": (
        "callback_dropped",
        {"when": {"attempt": 3}},
        "all about tea",
        [("taken", 1, 200, 60)],
    ),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    faults = {name: (fault, more) for name, (fault, more, *_) in FAULTS.items()}
    return run(suite(tmp_path_factory.mktemp("webhooks"), faults))


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_agent_gets_under_each_fault(ran: Ran, name: str) -> None:
    found = only(ran, name)
    assert found.texts == [FAULTS[name][2]]
    assert sent(found) == FAULTS[name][3]
    stages = {each.stage for each in found.of(FaultMoved)}
    assert stages == (set() if name in ("none", "third") else set(Stage))


def test_a_webhook_belongs_to_the_call_that_caused_it(ran: Ran) -> None:
    (one,) = only(ran, "none").of(CallbackSent)
    assert (one.session, one.turn, one.call, one.name, one.last) == ("s0", 1, 1, "report", True)
    assert one.url.endswith("/hook?key=1")
    assert json.loads(one.body)["text"] == "all about tea"


def test_an_attempt_that_was_never_needed_is_a_fault_missed(ran: Ran) -> None:
    (missed,) = only(ran, "third").of(FaultMissed)
    assert missed.reason.startswith("webhook report: aimed at attempt 3")


def test_a_webhook_is_overtaken_by_the_next(tmp_path: Path) -> None:
    first = {"when": {"call": 1}}
    reordered = {"plain": (None, {}), "changed": ("callback_reordered", first)}
    ran = run(suite(tmp_path, reordered, say="steps"))
    assert only(ran, "plain").texts == ["0 1 2"]
    changed = only(ran, "changed")
    assert changed.texts == ["1 0 2"]
    assert [each.stage for each in changed.of(FaultMoved)] == list(Stage)


def test_what_comes_after_the_session_is_waited_for_up_to_a_bound(tmp_path: Path) -> None:
    faults = {
        "soon": (None, {}),
        "in-time": ({"callback_late": "58min"}, {}),
        "too-late": ({"callback_late": "2h"}, {}),
    }
    ran = run(suite(tmp_path, faults, say="leave"))
    arrivals = {key[0]: sent(only(ran, key[0])) for key in ran.results}
    assert arrivals["soon"] == [("taken", 1, 200, 60)]
    assert arrivals["in-time"] == [("taken", 1, 200, 60 + 58 * 60)]
    assert [each[0] for each in arrivals["too-late"]] == [Arrival.UNSENT.value]
    assert {each.session for each in ran.of(CallbackSent)} == {"s0"}


@pytest.mark.parametrize("names", [("s4", "s2", "s0", "s3", "s1"), ("s1",), ("s3", "s0")])
def test_neither_company_nor_order_changes_the_story_of_a_session(
    tmp_path: Path, together: dict[str, str], names: tuple[str, ...]
) -> None:
    assert stories(tmp_path, names).items() <= together.items()


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return stories(tmp_path_factory.mktemp("together"), tuple(f"s{n}" for n in range(5)))


def stories(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The digests of these sessions, all begun at once, in this order."""
    faults = {"some": ("callback_duplicated", {"when": {"share": "50%"}})}
    ran = run(suite(folder, faults, names=names, concurrency=len(names)))
    (result,) = ran.results.values()
    doubled = {each.session for each in ran.of(CallbackSent) if each.fault is not None}
    assert len(names) < 5 or 0 < len(doubled) < 5
    return {name: session_digest(result.records, name) for name in names}


def test_a_person_answers_by_polling(tmp_path: Path) -> None:
    review = {
        "queues": {
            "reviews": {
                "picks_up": "4min",
                "takes": "1min",
                "answer": {"decision": "{{ 'yes' if body.amount < 100 else 'no' }}"},
            }
        },
        "routes": {"POST /reviews": {"put": "reviews"}, "GET /reviews/{id}": {"poll": "reviews"}},
    }
    agent = """
    import asyncio, os
    import httpx

    client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

    async def agent(turn):
        put = await client.post("/reviews", json={"amount": 7})
        for _ in range(20):
            await asyncio.sleep(int(put.headers["retry-after"]))
            told = (await client.get(put.headers["location"])).json()
            if told["status"] == "answered":
                return told["answer"]["decision"]
        return "nobody"
    """
    settings = {"items": sessions(1), "turn_deadline": "10min"}
    ran = run(write_suite(tmp_path, agent=agent, rest=review, sessions=settings))
    assert ran.texts == ["yes"]
    told = [(each.name, each.at // NS) for each in ran.of(EffectCommitted)]
    assert told == [("reviews.put", 0), ("reviews.picked_up", 240), ("reviews.answered", 300)]


LATER = """
import asyncio, json
import httpx

done = {}

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    raw = (await receive())["body"]
    status, told, headers = await answer(scope["path"], json.loads(raw) if raw else {})
    headers = [(b"content-type", b"application/json"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

async def answer(path, body):
    if path.startswith("/jobs/"):
        return 200, done.get(path[6:], {"status": "working"}), []
    task = asyncio.create_task(work(body))
    body["task"] = task
    return 202, {}, [(b"location", b"/jobs/" + body["session"].encode())]

async def work(body):
    await asyncio.sleep(20)
    text = f"for {body['session']}"
    done[body["session"]] = {"status": "done", "text": text}
    if "url" in body:
        async with httpx.AsyncClient() as client:
            await client.post(body["url"], json={"text": text})
"""


@pytest.mark.parametrize("way", ["poll", "callback"])
def test_agents_that_answer_later(tmp_path: Path, way: str) -> None:
    body = {"session": "{{ session.id }}"}
    if way == "callback":
        body["url"] = "{{ turn.callback_url }}"
    settings = {"request": {"json": body}, way: {"within": "1min"}}
    items = [{"id": name, "turns": [{"input": "hi"}]} for name in ("s 0", "s/1")]
    path = write_suite(tmp_path, agent=LATER, sessions={"items": items, "concurrency": 2})
    assert sorted(map(str, run(served(path, **settings)).texts)) == ["for s 0", "for s/1"]
