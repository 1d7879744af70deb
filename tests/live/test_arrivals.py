"""Sessions that arrive by a rate do so from when the agent is up, and not while it starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalkit.engine.plan import plan_suite
from evalkit.gate import Verdict
from evalkit.journal.records import SessionStarted
from evalkit.suite import load_suite
from tests.live.worlds import run, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

AGENT = """
    def agent(turn):
        return "here"
"""
ITEMS = [{"id": f"s-{number}", "turns": [{"input": "a"}]} for number in range(1, 4)]


def test_the_start_of_the_agent_is_no_latency(tmp_path: Path) -> None:
    sessions = {"items": ITEMS, "arrival": "50/s"}
    path = write(tmp_path, {"python": "agent.py:agent"}, {"agent.py": AGENT}, sessions=sessions)
    planned = plan_suite(load_suite(path)).scenario("happy").cells[0]
    arrivals = {each.id: each.arrival for each in planned}
    found = run(path)
    assert found.verdict is Verdict.PASS, found.record.reasons
    started = found.records("happy", kinds=["session_started"])
    intended = {each.session: each.intended for each in started if isinstance(each, SessionStarted)}
    assert intended.keys() == arrivals.keys()
    assert arrivals["s-1"] == 0
    since = intended["s-1"]
    assert since > 0
    assert {session: moment - since for session, moment in intended.items()} == arrivals
