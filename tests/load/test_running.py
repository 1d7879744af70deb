"""Suites under load from Locust: what is measured, what is refused."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import End
from evalkit.load.choosing import LoadChoice
from evalkit.load.running import load
from evalkit.units import SECOND
from tests.live.test_running import FASTAPI, HTTP
from tests.live.worlds import write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

AGENT = {"http": HTTP, "request": {"path": "/json"}}
ITEMS = [
    {"id": "s-1", "vars": {"who": "Abelard Xylo"}, "turns": [{"input": "Abelard Xylo"}]},
    {"id": "s-2", "turns": [{"input": "a", "think": "100ms"}, {"input": "b"}]},
]


def suite(folder: Path, agent: dict[str, Any] | None = None, **more: Any) -> Path:
    files = {"app.py": FASTAPI}
    sessions = {"items": ITEMS, "turn_deadline": "1min"}
    return write(folder, agent or AGENT, files, **{"sessions": sessions, **more})


def test_a_suite_runs_under_load_and_is_judged(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    if find_spec("locust") is None:  # not imported: it patches its process
        pytest.skip("Locust is not installed")
    path = suite(tmp_path, gates=["rate(session.completed) > 50%"], sensitive=["who"])
    found = load(path, LoadChoice(users=3, run_time=2 * SECOND), out=tmp_path / "reports")
    assert found.verdict is Verdict.PASS, (found.record.reasons, found.record.scenarios)
    scenario = found.record.scenarios[0]
    assert scenario.fidelity is not None
    counts = scenario.fidelity.load
    assert counts is not None
    assert counts.given - counts.cut == scenario.sessions == scenario.ends[End.COMPLETED] >= 6
    assert (counts.dropped, counts.lost) == (0, 0)
    assert set(dict(scenario.fidelity.calls)) == {"baggage"}
    turns = found.turns
    assert set(turns["session"].str.rpartition("~")[0]) == {"", "s-1", "s-2"}
    assert (turns["latency_ns"] >= 10_000_000).all()  # the CRM's latency
    assert all(b"Abelard" not in each.read_bytes() for each in found.folder.rglob("*.json"))
    assert not found.events["data"].astype(str).str.contains("Abelard").any()


DYING = """
import json, os, socket
host, _, port = os.environ["EVALKIT_LOAD_CONTROL"].rpartition(":")
desk = socket.create_connection((host, int(port)))
for said in ({"hello": os.environ["EVALKIT_LOAD_TOKEN"]}, {"user": "u", "ask": True}):
    desk.sendall(json.dumps(said).encode() + bytes([10]))
desk.recv(1)
os._exit(9)
"""


def test_a_generator_that_dies_makes_no_verdict_and_its_sessions_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fastapi")
    if find_spec("locust") is None:
        pytest.skip("Locust is not installed")
    command = (sys.executable, "-c", DYING)
    monkeypatch.setattr("evalkit.load.choosing._command", lambda choice: command)
    found = load(suite(tmp_path), LoadChoice(run_time=30 * SECOND), out=tmp_path / "reports")
    scenario = found.record.scenarios[0]
    assert scenario.fidelity is not None
    assert scenario.fidelity.load is not None
    assert scenario.fidelity.load.lost == 1
    assert scenario.fidelity.load.stopped == "the load generator ended with exit code 9"
    assert scenario.ends[End.ERRORED] == 1
    assert found.verdict is not Verdict.PASS
    assert any("exit code 9" in each for each in scenario.reasons)


def test_what_cannot_be_put_under_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its agent is not served over HTTP"):
        load(suite(tmp_path, {"python": "app.py:app"}), out=tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_a_profile_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    profiles = {"monday": {"soak": {"users": 2, "for": "1h"}}}
    with pytest.raises(UsageError, match=r"there are: monday; did you mean monday\?"):
        load(suite(tmp_path, load=profiles), profile="munday", out=tmp_path / "reports")


def test_restarts_of_the_agent_are_refused(tmp_path: Path) -> None:
    fault = {"at": "agent", "when": {"during": "crm GET*", "call": 1}, "inject": "restart"}
    path = suite(tmp_path, scenarios={"restart": {"faults": [fault]}})
    with pytest.raises(UsageError, match="fault 1 of restart is of the agent"):
        load(path, out=tmp_path / "reports")
