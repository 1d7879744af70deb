"""Shipped suites of ASGI applications with few sessions, run live."""

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
DEFECTIVE = ROOT / "tests/agents"


def live_run(
    folder: Path, suite: str, scenarios: dict[str, list[str]], defect: str | None = None
) -> Run:
    """Run scenarios live with these sessions of each, one after another, and no gates: few sessions
    prove none. The agent may be a defective one.
    """
    whole = written_suite(suite)
    whole["scenarios"] = {
        name: {**whole["scenarios"][name], "sessions": {"items": items, "concurrency": 1}}
        for name, ids in scenarios.items()
        for items in [without_pauses(suite, name, ids)]
    }
    return run(put(folder, suite, with_agent(whole, suite, defect)))


def written_suite(suite: str) -> dict[str, Any]:
    """A shipped suite as it is written."""
    path = ROOT / "scenarios" / suite / f"{suite}.eval.yaml"
    whole: dict[str, Any] = yaml.safe_load(path.read_text())
    whole["scenarios"] = {name: each or {} for name, each in whole["scenarios"].items()}
    return whole


def with_agent(whole: Mapping[str, Any], suite: str, defect: str | None) -> dict[str, Any]:
    """The suite with its own agent, or one of those in its `defects.py`."""
    app = "app.py:app" if defect is None else f"{DEFECTIVE / suite / 'defects.py'}:{defect}"
    return {**whole, "agent": {**whole["agent"], "asgi": app, "late": "1min"}}


def put(folder: Path, suite: str, whole: Mapping[str, Any]) -> Path:
    """Write a suite, without gates of its scenarios, beside what it needs."""
    here = folder / "scenarios" / suite
    shutil.copytree(ROOT / "scenarios" / suite, here)
    shutil.copytree(ROOT / "mocks", folder / "mocks")
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
