"""A live scenario begins no session any more once one of its gates is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.gate import Verdict
from evalkit.journal.records import End
from tests.live.worlds import PYTHON, run, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

MUTE = """
    import json, sys
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"id": json.loads(line)["id"], "text": ""}), flush=True)
"""


@pytest.mark.parametrize("how", [{"concurrency": 2}, {"arrival": "20/s"}], ids=["closed", "open"])
def test_a_live_scenario_ends_once_a_gate_is_lost(tmp_path: Path, how: dict[str, Any]) -> None:
    items = [{"id": f"s-{number}", "turns": [{"input": "a"}]} for number in range(200)]
    suite = write(
        tmp_path,
        {"command": [PYTHON, "agent.py"], "processes": 1},
        {"agent.py": MUTE},
        sessions={"items": items, **how},
        gates=["rate(session.completed) > 50%"],
    )
    found = run(suite, stop_early=True)
    happy = found.record.scenario("happy")
    assert found.verdict is happy.verdict is Verdict.FAIL
    assert happy.stopped is not None
    assert happy.stopped.sessions == 200
    # Six failures of six are enough to be sure; others may have been under way.
    assert happy.stopped.why.endswith("were against it")
    assert happy.ends[End.FAILED] == happy.sessions == len(found.sessions)
    assert 5 <= happy.sessions < 15
