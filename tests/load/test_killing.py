"""What is killed in the middle of a load test is told of, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.load.suites import below, loading, until_gone, until_under_way, write

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes"),
    pytest.mark.skipif(find_spec("locust") is None, reason="needs Locust"),
]


def _record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(next((folder / "reports").glob("*/run.json")).read_text())
    return found


def test_a_worker_that_is_killed_loses_its_sessions_by_name_and_no_others(tmp_path: Path) -> None:
    path = write(tmp_path, think="1s", turns=3)
    words = (str(path), "--users", "6", "--run-time", "6s", "--processes", "2")
    process = loading(tmp_path, *words)
    there = until_under_way(process, tmp_path)
    locusts = [pid for pid, words in there.items() if "locustfile.py" in words]
    (master,) = (
        pid
        for pid in locusts
        if sum(each in locusts for each in below(pid)) == 2 and "supervisor" not in there[pid]
    )
    victim = next(iter(below(master)))
    os.kill(victim, signal.SIGKILL)
    assert process.wait(60) != 0
    assert not until_gone(set(there))
    scenario = _record(tmp_path)["scenarios"][0]
    counts = scenario["fidelity"]["load"]
    ((name, lost),) = counts["lost_of"]
    assert f"-{victim}-" in name
    assert lost == counts["lost"] == scenario["ends"]["errored"] == 3
    assert scenario["ends"]["completed"] >= 3
    assert scenario["sessions"] == counts["given"] - counts["cut"]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_of_a_load_test_that_is_ended_nothing_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = write(tmp_path, think="1s", turns=3)
    process = loading(tmp_path, str(path), "--users", "4", "--processes", "2")
    there = until_under_way(process, tmp_path)
    assert sum("locustfile.py" in words for words in there.values()) >= 3
    assert any("light_agent.py" in words for words in there.values())
    process.send_signal(number)
    code = process.wait(40)
    assert not until_gone(set(there))
    assert code == (130 if number is signal.SIGINT else -number)
    status = "interrupted" if number is signal.SIGINT else "unfinished"
    assert _record(tmp_path)["status"] == status


@pytest.mark.slow
def test_an_agent_that_is_killed_ends_the_test_and_fails_it(tmp_path: Path) -> None:
    path = write(tmp_path, think="200ms", turns=2)
    process = loading(tmp_path, str(path), "--users", "3", "--run-time", "20s")
    there = until_under_way(process, tmp_path)
    agents = [pid for pid, words in there.items() if "light_agent.py" in words]
    os.kill(max(agents), signal.SIGKILL)
    assert process.wait(60) == 1
    assert not until_gone(set(there))
    record = _record(tmp_path)
    why = "the agent's process was killed by SIGKILL"
    assert record["scenarios"][0]["fidelity"]["load"]["stopped"] == why
    assert any(why in json.dumps(each) for each in record["scenarios"])
    assert record["verdict"] == "fail"
