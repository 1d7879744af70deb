"""Shipped suites of ASGI applications with few sessions, each served over HTTP by uvicorn."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from evalkit.store import Run
from tests.live.worlds import PYTHON, run

ROOT = Path(__file__).resolve().parents[2]
_SERVED = """
import os
from importlib import import_module

module, _, name = os.environ["SERVED"].partition(":")
app = getattr(import_module(module), name)
"""
_START = [PYTHON, "-m", "uvicorn", "served:app", "--port", "{{ port }}", "--log-level", "warning"]


def live_run(
    folder: Path, suite: str, scenarios: dict[str, list[str]], app: str = "app:app"
) -> Run:
    """Run scenarios live with these sessions of each, and no gates: few sessions prove none."""
    here = folder / "scenarios" / suite
    shutil.copytree(ROOT / "scenarios" / suite, here)
    shutil.copytree(ROOT / "mocks", folder / "mocks")
    (here / "served.py").write_text(_SERVED)
    path = here / f"{suite}.eval.yaml"
    whole = yaml.safe_load(path.read_text())
    agent = whole["agent"]
    del agent["asgi"]
    agent["http"] = {"url": "http://127.0.0.1:{{ port }}", "start": _START}
    agent["env"] |= {"SERVED": app, "PYTHONPATH": str(ROOT)}
    agent["late"] = "1min"
    whole["gates"] = []
    whole["scenarios"] = {
        name: _with(whole["scenarios"][name], whole["sessions"], here, sessions)
        for name, sessions in scenarios.items()
    }
    path.write_text(yaml.safe_dump(whole, sort_keys=False))
    return run(path)


def _with(
    scenario: dict[str, Any], settings: dict[str, Any], folder: Path, names: list[str]
) -> dict[str, Any]:
    """The scenario with the sessions of these names, one after another, which never think."""
    own = scenario.get("sessions", {})
    lines = (folder / own.get("from", settings["from"])).read_text().splitlines()
    items = [each for each in map(json.loads, lines) if each["id"] in names]
    for turn in (turn for each in items for turn in each["turns"]):
        turn.pop("think", None)
    return {**scenario, "gates": [], "sessions": {"items": items, "concurrency": 1}}
