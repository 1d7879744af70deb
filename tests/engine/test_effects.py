"""Stores and effect faults in a run, seen through a real client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.plan import plan_suite
from evalkit.journal.records import EffectCommitted, FaultMoved, Finding, Stage
from evalkit.suite import load_suite
from tests.engine.suites import Ran, run, sessions, write_suite

STORE = {
    "stores": {"items": {"prefix": "i_"}},
    "routes": {
        "POST /items": {"create": "items", "effect": {"name": "item", "key": "body.name"}},
        "GET /items": {"list": "items"},
    },
}

AGENT = """
import asyncio
import os
import httpx
from evalkit import Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

async def names():
    return " ".join(each["name"] for each in (await client.get("/items")).json()["data"]) or "none"

async def agent(turn: Turn) -> str:
    said = []
    for name in ("one", "two"):
        try:
            said.append(str((await client.post("/items", json={"name": name})).status_code))
        except httpx.HTTPError as error:
            said.append(type(error).__name__)
        said.append(await names())
    await asyncio.sleep(60)
    return ", ".join([*said, await names()])
"""


INJECTED: dict[str, tuple[Any, str]] = {
    "refused": ({"status": 503}, "503, none, 201, two, two"),
    "lost": ("reset", "ReadError, one, 201, one two, one two"),
    "then-lost": ("commit_then_lose", "ReadError, one, 201, one two, one two"),
    "gateway": ({"commit_then_lose": 504}, "504, one, 201, one two, one two"),
    "twice": ("commit_twice", "201, one one, 201, one one two, one one two"),
    "nothing": ("commit_nothing", "201, none, 201, two, two"),
    "late": ({"commit_late": "30s"}, "201, none, 201, two, two one"),
    "after-the-end": ({"commit_late": "1h"}, "201, none, 201, two, two"),
    "reordered": ("commit_reordered", "201, none, 201, two one, two one"),
}
"""Scenarios by name: what the first write meets, and what the client reads."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    scenarios = {
        name: {"faults": [{"at": "items POST /items", "when": {"call": 1}, "inject": inject}]}
        for name, (inject, _) in INJECTED.items()
    }
    path = write_suite(
        tmp_path_factory.mktemp("effects"),
        agent=AGENT,
        rest=STORE,
        sessions={"items": sessions(1)},
        scenarios=scenarios,
    )
    return run(path, controls=False)


def only(ran: Ran, scenario: str) -> Ran:
    return Ran([], {key: each for key, each in ran.results.items() if key[0] == scenario})


@pytest.mark.parametrize("name", INJECTED)
def test_what_a_client_reads_under_each_fault(ran: Ran, name: str) -> None:
    found = only(ran, name)
    assert found.texts == [INJECTED[name][1]]
    assert [each.stage for each in found.of(FaultMoved)] == list(Stage)
    assert "no-duplicate-effect" not in {each.check for each in found.of(Finding)}


def test_the_ledger_tells_which_fault_changed_what(ran: Ran) -> None:
    made = [(each.call, each.key, each.fault) for each in only(ran, "twice").of(EffectCommitted)]
    assert made == [(1, ("one",), None), (1, ("one",), "commit_twice"), (3, ("two",), None)]


def test_an_effect_later_than_its_session_is_in_the_ledger(ran: Ran) -> None:
    late = only(ran, "after-the-end").of(EffectCommitted)[-1]
    assert (late.key, late.session, late.at // 1_000_000_000) == (("one",), "s0", 3600)


@pytest.mark.parametrize(("per", "cells"), [("session", 3), ("world", 1)])
def test_sessions_that_share_a_store_share_a_world(tmp_path: Path, per: str, cells: int) -> None:
    store = {**STORE, "stores": {"items": {"per": per}}}
    settings = {"items": sessions(3), "concurrency": 1, "cell": 1}
    path = write_suite(tmp_path, agent=AGENT, rest=store, sessions=settings)
    (scenario,) = plan_suite(load_suite(path)).scenarios
    assert len(scenario.cells) == cells
