"""Shipped suites of ASGI applications with few sessions, each served over HTTP by uvicorn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from evalkit.store import Run
from tests.live.worlds import run

ROOT = Path(__file__).resolve().parents[2]
_SERVED = """
import os
from importlib import import_module

module, _, name = os.environ["SERVED"].partition(":")
app = getattr(import_module(module), name)
"""
_TRACED = """
import contextvars
import os
from importlib import import_module

import httpx
import httpx2

module, _, name = os.environ["SERVED"].partition(":")
inner = getattr(import_module(module), name)
TRACE = contextvars.ContextVar("TRACE", default=())
CARRIED = (b"traceparent", b"baggage")


def passing_on(send):
    async def sent(client, request, **more):
        for name, value in TRACE.get():
            request.headers[name.decode()] = value.decode()
        return await send(client, request, **more)

    return sent


for client in (httpx.AsyncClient, httpx2.AsyncClient):
    client.send = passing_on(client.send)


async def app(scope, receive, send):
    if scope["type"] == "http":
        TRACE.set(tuple(each for each in scope["headers"] if each[0] in CARRIED))
    await inner(scope, receive, send)
"""
"""Passes on what tells of a trace, as the instrumentation of an agent in production does."""


def live_run(
    folder: Path, suite: str, scenarios: dict[str, list[str]], app: str = "app:app"
) -> Run:
    """Run scenarios live with these sessions of each, and no gates: few sessions prove none.

    The agent passes no trace on, and so its sessions come one after another.
    """
    whole = written_suite(suite)
    whole["scenarios"] = {
        name: {**whole["scenarios"][name], "sessions": {"items": items, "concurrency": 1}}
        for name, ids in scenarios.items()
        for items in [without_pauses(suite, name, ids)]
    }
    return run(put(folder, suite, served(whole, app)))


def written_suite(suite: str) -> dict[str, Any]:
    """A shipped suite as it is written."""
    path = ROOT / "scenarios" / suite / f"{suite}.eval.yaml"
    whole: dict[str, Any] = yaml.safe_load(path.read_text())
    whole["scenarios"] = {name: each or {} for name, each in whole["scenarios"].items()}
    return whole


def served(whole: Mapping[str, Any], app: str) -> dict[str, Any]:
    """The suite with an application that `put` serves over HTTP in the place of its own."""
    agent = {**whole["agent"], "asgi": "served.py:app", "late": "1min"}
    agent["env"] = {**agent["env"], "SERVED": app, "PYTHONPATH": str(ROOT)}
    return {**whole, "agent": agent}


def put(folder: Path, suite: str, whole: Mapping[str, Any], *, traced: bool = False) -> Path:
    """Write a suite, without gates of its scenarios, beside what it needs. `traced`, its agent
    passes traces on, so that many sessions at a time are told apart.
    """
    here = folder / "scenarios" / suite
    shutil.copytree(ROOT / "scenarios" / suite, here)
    shutil.copytree(ROOT / "mocks", folder / "mocks")
    (here / "served.py").write_text(_TRACED if traced else _SERVED)
    scenarios = {name: {**each, "gates": []} for name, each in whole["scenarios"].items()}
    path = here / f"{suite}.eval.yaml"
    path.write_text(yaml.safe_dump({**whole, "gates": [], "scenarios": scenarios}, sort_keys=False))
    return path


def without_pauses(suite: str, scenario: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """The sessions of these names in a scenario, in which nobody takes time to think."""
    items = [each for each in _sessions(suite)[scenario] if each["id"] in names]
    for turn in (turn for each in items for turn in each["turns"]):
        turn.pop("think", None)
    return items


def sessions_of(suite: str) -> dict[str, list[str]]:
    """The ids of the sessions of every scenario of a shipped suite."""
    return {name: [str(each["id"]) for each in items] for name, items in _sessions(suite).items()}


def _sessions(suite: str) -> dict[str, list[dict[str, Any]]]:
    whole = written_suite(suite)
    return {
        name: _items(each, whole["sessions"], ROOT / "scenarios" / suite)
        for name, each in whole["scenarios"].items()
    }


def _items(
    scenario: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> list[dict[str, Any]]:
    own = scenario.get("sessions", {})
    if "items" in own:
        return list(own["items"])
    lines = (folder / own.get("from", settings["from"])).read_text().splitlines()
    return list(map(json.loads, lines))
