"""The agent dies at a named moment: what goes on, what is lost, and what the journal says of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.journal.records import (
    CallEnded,
    CallStarted,
    EffectCommitted,
    FaultMoved,
    Finding,
    Outcome,
    Stage,
    TurnEnded,
    TurnStarted,
)
from tests.engine.suites import Ran, run, sessions, write_suite

SECOND = 1_000_000_000
STORES = {
    "stores": {"notes": {"key": "id", "seed": []}},
    "routes": {
        "GET /notes/{id}": {"read": "notes"},
        "POST /notes": {"create": "notes"},
        "POST /charges": {
            "effect": {"name": "charge", "key": ["body.id"], "idempotency": "Idempotency-Key"},
            "reply": {"status": 201, "json": {"id": "{{ body.id }}"}},
        },
    },
}
HEAD = """
import asyncio, os
import httpx
from contextlib import asynccontextmanager
from evalkit import Turn

SEEN = []

def client():
    return httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

async def charge(http, turn, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    response = await http.post("/charges", json={"id": turn.session.id}, headers=headers)
    response.raise_for_status()
"""
FORGETFUL = """
@asynccontextmanager
async def agent():
    async with client() as http:
        async def answer(turn):
            SEEN.append(turn.number)
            await charge(http, turn)
            await asyncio.sleep(1)
            return f"remembers {SEEN}"
        yield answer
"""
CAREFUL = FORGETFUL.replace("charge(http, turn)", "charge(http, turn, turn.session.id)")
IDLE = """
async def agent(turn):
    SEEN.append(turn.number)
    await asyncio.sleep(1)
    return f"remembers {SEEN}"
"""


def restarted(folder: Path, agent: str, when: Mapping[str, Any] | None = None, **parts: Any) -> Ran:
    """The run of a scenario in which the agent is restarted."""
    return run(suite(folder, agent, when, **parts))


def suite(folder: Path, agent: str, when: Mapping[str, Any] | None = None, **parts: Any) -> Path:
    fault = {"at": "agent", "when": dict(when or {}), "inject": "restart"}
    settings = {"sessions": {"items": sessions(1), "concurrency": 1}, **parts}
    return write_suite(
        folder,
        agent=HEAD + agent,
        rest=STORES,
        scenarios={"restarted": {"faults": [fault]}},
        **settings,
    )


def stages(ran: Ran) -> list[tuple[str | None, int | None, str, int | None, float]]:
    """What became of the fault: session, turn, stage, call, and the second at which."""
    return [
        (each.session, each.turn, each.stage.value, each.call, each.at / SECOND)
        for each in ran.of(FaultMoved)
    ]


def violations(ran: Ran) -> list[str]:
    return [each.check for each in ran.of(Finding) if each.severity.value == "violation"]


def test_an_agent_that_dies_after_an_effect_makes_it_again_unless_it_is_careful(
    tmp_path: Path,
) -> None:
    when = {"after": {"effect": "charge"}}

    forgetful = restarted(tmp_path, FORGETFUL, when)
    assert len(forgetful.of(EffectCommitted)) == 2
    assert violations(forgetful) == ["no-duplicate-effect", "survives-restart"]

    careful = restarted(tmp_path, CAREFUL, when)
    assert len(careful.of(EffectCommitted)) == 1
    assert violations(careful) == []

    for ran in (forgetful, careful):
        assert ran.ends == {"s0": "completed"}
        assert ran.texts == ["remembers [1]"]
        assert stages(ran) == [
            ("s0", 1, "scheduled", 1, 0),
            ("s0", 1, "fired", 1, 0),
            ("s0", 1, "delivered", None, 0),
        ]
        first, second = ran.of(CallStarted)
        assert (second.at - first.at, second.attempt) == (2 * SECOND, 1)
        assert [each.outcome for each in ran.of(CallEnded)] == [Outcome.ABANDONED, Outcome.REPLIED]


@pytest.mark.parametrize(
    ("when", "moments"),
    [
        ({}, [("fired", None, 0), ("delivered", None, 0)]),
        ({"during": "items POST /*"}, [("fired", 1, 0), ("delivered", None, 0)]),
        ({"before": "reply"}, [("fired", None, 1.1), ("delivered", None, 1.1)]),
        ({"during": "items", "call": 2}, []),
        ({"during": "items GET *"}, []),
        ({"after": {"effect": "refund"}}, []),
        ({"turn": 2}, []),
        ({"share": "0%"}, []),
    ],
)
def test_the_moment_is_the_one_that_is_named(
    tmp_path: Path, when: dict[str, Any], moments: list[Any]
) -> None:
    ran = restarted(tmp_path, CAREFUL, when)
    moved = [(stage, call, at) for _, _, stage, call, at in stages(ran) if stage != "scheduled"]
    assert moved == moments
    assert ran.ends == {"s0": "completed"}
    assert len(ran.of(EffectCommitted)) == 1


def test_what_only_the_process_knew_is_lost_between_turns(tmp_path: Path) -> None:
    parts = {"sessions": {"items": sessions(2, turns=3), "concurrency": 1}}

    kept = restarted(tmp_path, IDLE, {"turn": 9}, **parts)
    assert kept.texts[:3] == ["remembers [1]", "remembers [1, 2]", "remembers [1, 2, 3]"]

    lost = restarted(tmp_path, IDLE, {"turn": 2}, **parts)
    assert lost.texts[:3] == ["remembers [1]", "remembers [2]", "remembers [2, 3]"]
    assert [each for each in stages(lost) if each[0] == "s0" and each[2] == "delivered"] == [
        ("s0", 2, "delivered", None, 1)
    ]
    first, second, _ = (each for each in lost.of(TurnEnded) if each.session == "s0")
    assert second.at - first.at == 3 * SECOND  # two until it is up, and one that it takes


def test_all_sessions_are_hit_and_those_between_turns_notice_at_their_next(tmp_path: Path) -> None:
    items = [
        {"id": "hit", "turns": [{"input": "a"}]},
        {"id": "beside", "turns": [{"input": "a"}]},
        {"id": "thinks", "turns": [{"input": "a"}, {"input": "b", "think": "9s"}]},
    ]
    agent = """
async def agent(turn):
    async with client() as http:
        await asyncio.sleep({"hit": 3, "beside": 2, "thinks": 0}[turn.session.id])
        await http.get("/notes/1" if turn.session.id == "hit" else "/notes/2")
        await asyncio.sleep(5 if turn.session.id != "thinks" else 0)
        return "done"
"""
    parts = {"sessions": {"items": items, "concurrency": 3}}
    ran = restarted(tmp_path, agent, {"during": "items", "match": {"path": "*/1"}}, **parts)
    assert set(ran.ends.values()) == {"completed"}
    assert sorted(each for each in stages(ran) if each[2] == "delivered") == [
        ("beside", 1, "delivered", None, 3),
        ("hit", 1, "delivered", None, 3),
        ("thinks", 2, "delivered", None, 9.1),
    ]
    assert len(ran.of(TurnStarted)) == 4


def test_what_runs_while_the_agent_dies_reaches_nobody(tmp_path: Path) -> None:
    agent = """
@asynccontextmanager
async def agent():
    http = client()
    async def last_words():
        for word in ("old", "new"):
            try:
                async with client() if word == "new" else http as either:
                    await either.post("/charges", json={"id": word})
            except (httpx.HTTPError, RuntimeError) as error:
                SAID.append(type(error).__name__)
    async def works():
        try:
            await asyncio.sleep(1e6)
        finally:
            await last_words()
    working = asyncio.create_task(works())
    async def answer(turn):
        try:
            await http.get("/notes/1")
            await asyncio.sleep(1)
        finally:
            await last_words()
        return "done"
    try:
        yield answer
    finally:
        working.cancel()
        await last_words()

SAID = []
"""
    ran = restarted(tmp_path, agent, {"during": "items GET *"})
    deaths = [each.at for each in ran.of(FaultMoved) if each.stage is Stage.FIRED]
    called = [(each.at - deaths[0], each.operation) for each in ran.of(CallStarted)]
    assert called[:2] == [(0, "GET /notes/{id}"), (2 * SECOND, "GET /notes/{id}")]
    assert ran.ends == {"s0": "completed"}
    assert not any("egress" in each.check for each in ran.of(Finding))


def test_a_call_that_the_agent_died_in_is_not_the_services_failure(tmp_path: Path) -> None:
    agent = """
import pathlib
from evalkit import Reply
KEPT = pathlib.Path(__file__).with_name("kept")

async def agent(turn):
    if not KEPT.exists():
        KEPT.touch()
        async with client() as http:
            await http.get("/notes/1")
    return Reply("done", answer="answered")
"""
    ran = restarted(tmp_path, agent, {"during": "items"})
    assert ran.ends == {"s0": "completed"}
    assert [each.outcome for each in ran.of(CallEnded)] == [Outcome.ABANDONED]
    assert violations(ran) == []


def test_a_lifespan_is_begun_anew_and_not_shut_down(tmp_path: Path) -> None:
    app = """
import contextlib, json, pathlib
LOG = pathlib.Path(__file__).with_name("log")
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

def log(word):
    with LOG.open("a") as file:
        file.write(word + " ")

@contextlib.asynccontextmanager
async def lifespan(app):
    log("up")
    yield
    log("down")

asked = 0

async def chat(request):
    global asked
    asked += 1
    log("asked")
    return JSONResponse({"text": f"asked {asked}"})

app = Starlette(routes=[Route("/", chat, methods=["POST"])], lifespan=lifespan)
"""
    fault = {"at": "agent", "when": {"before": "reply"}, "inject": {"restart": True, "takes": "9s"}}
    path = write_suite(
        tmp_path,
        agent=app,
        sessions={"items": sessions(1)},
        scenarios={"restarted": {"faults": [fault]}},
    )
    text = path.read_text().replace("python: agent.py:agent", "asgi: agent.py:app")
    path.write_text(text)
    ran = run(path)
    assert (tmp_path / "log").read_text().split() == ["up", "asked", "up", "asked", "down"]
    assert ran.texts == ["asked 1"]
    assert [each.at for each in ran.of(TurnEnded)] == [9 * SECOND]


def test_an_agent_that_does_not_come_up_again_fails_its_turns(tmp_path: Path) -> None:
    agent = """
import pathlib
BEFORE = pathlib.Path(__file__).with_name("before")
if BEFORE.exists():
    raise OSError("the lock is taken")
BEFORE.touch()
"""
    parts = {"sessions": {"items": sessions(2), "concurrency": 1}}
    ran = restarted(tmp_path, agent + IDLE, {}, **parts)
    errors = [each.error for each in ran.of(TurnEnded)]
    assert set(ran.ends.values()) == {"failed"}
    assert len(errors) == 2
    assert all("did not come up again" in str(each) for each in errors)
    assert all("the lock is taken" in str(each) for each in errors)


def test_a_turn_ends_at_its_deadline_while_the_agent_is_down(tmp_path: Path) -> None:
    parts = {"sessions": {"items": sessions(1), "turn_deadline": "1s"}}
    ran = restarted(tmp_path, IDLE, {}, **parts)
    (ended,) = ran.of(TurnEnded)
    assert (ended.timed_out, ended.at) == (True, SECOND)


@pytest.mark.parametrize("when", [{"during": "items POST *"}, {"before": "reply"}, {"first": 2}])
def test_the_same_restarts_give_the_same_journal(tmp_path: Path, when: dict[str, Any]) -> None:
    parts = {"sessions": {"items": sessions(6, turns=2), "concurrency": 3, "cell": 3}}
    path = suite(tmp_path, CAREFUL, when, **parts)
    once, again = run(path), run(path, workers=2)
    assert once.digests == again.digests
    assert set(once.ends.values()) == {"completed"}
    assert len([each for each in stages(once) if each[2] == "scheduled"]) >= 6


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"at": "agent GET /x", "inject": "restart"}, "the agent has no operation GET /x"),
        ({"at": "agent", "inject": "reset"}, "reset befalls calls of services"),
        ({"at": "items", "inject": "restart"}, "restart befalls the agent; write `at: agent`"),
        (
            {"at": "items", "when": {"before": "reply"}, "inject": "reset"},
            "`before` is a moment of the agent's",
        ),
        (
            {"at": "agent", "when": {"during": "itmes GET *"}, "inject": "restart"},
            "no service is named itmes",
        ),
        ({"at": "agent", "when": {"call": 2}, "inject": "restart"}, "`call` counts calls"),
        ({"at": "agent", "when": {"attempt": 2}, "inject": "restart"}, "`attempt` is of a call"),
        (
            {"at": "agent", "when": {"until": "2 failures"}, "inject": "restart"},
            "`until` is for calls of services",
        ),
        (
            {
                "at": "agent",
                "when": {"before": "reply", "during": "items"},
                "inject": "restart",
            },
            "during and before are different moments",
        ),
        ({"at": "agent", "when": {"before": "turn"}, "inject": "restart"}, "allowed: reply"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, fault: dict[str, Any], message: str) -> None:
    path = write_suite(tmp_path, scenarios={"restarted": {"faults": [fault]}})
    with pytest.raises(SuiteError) as caught:
        run(path)
    assert message in str(caught.value)
