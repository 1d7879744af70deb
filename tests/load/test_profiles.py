"""A profile under load: users as it says, an outage on its timetable, Locust's pages and files; and
a load that ends as soon as a gate is lost.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest

from evalkit.store import Run
from evalkit.units import SECOND
from tests.load.suites import loading, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes"),
    pytest.mark.skipif(find_spec("locust") is None, reason="needs Locust"),
]

PROFILE = {"step": {"add": 2, "every": "3s", "steps": 3}, "scenario": "outage"}
OUTAGE = {"at": "crm", "when": {"window": {"from": "4s", "to": "6s"}}, "inject": {"status": 503}}


def _stored(folder: Path) -> Run:
    (found,) = (folder / "reports").iterdir()
    return Run(found)


def _page(port: int, path: str, until: float) -> str:
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_profile_has_its_users_its_outage_and_locusts_own_pages_and_files(
    tmp_path: Path,
) -> None:
    scenarios = {"happy": {}, "outage": {"faults": [OUTAGE]}}
    path = write(tmp_path, think="100ms", scenarios=scenarios, load={"up": PROFILE})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ("--profile", "up", "--to-the-end", "--web", str(port))
    csv = f"--csv {tmp_path / 'figures'}"
    process = loading(tmp_path, str(path), *words, "--locust", csv)
    until = time.monotonic() + 60
    assert "Locust" in _page(port, "/", until)
    figures = _page(port, "/evalkit/metrics", until)
    assert "turns_total" in figures
    assert process.wait(90) in (0, 1, 3)
    run = _stored(tmp_path)
    scenario = run.record.scenarios[0]
    assert scenario.name == "outage"
    turns, calls = run.turns, run.calls
    # How many were under way at a time, in the middle of each step.
    rates = [
        len(turns[(turns["started_ns"] // SECOND).isin([first, first + 1])])
        for first in (_first(turns) + 1, _first(turns) + 4, _first(turns) + 7)
    ]
    assert rates[0] < rates[1] < rates[2]
    hit = calls[calls["status"] == 503]
    assert len(hit) > 0
    assert (hit["started_ns"].max() - hit["started_ns"].min()) < 2 * SECOND
    out = calls[calls["status"] == 200]
    assert out["started_ns"].min() < hit["started_ns"].min()
    assert out["started_ns"].max() > hit["started_ns"].max()
    between = out[(out["started_ns"] > hit["started_ns"].min())]
    assert not (between["started_ns"] < hit["started_ns"].max()).any()
    names = {each.name for each in tmp_path.glob("figures*")}
    assert {"figures_stats.csv", "figures_stats_history.csv", "figures_failures.csv"} <= names
    assert ",turn," in (tmp_path / "figures_stats.csv").read_text()


def _first(turns: object) -> int:
    return int(turns["started_ns"].min() // SECOND)  # type: ignore[index]


def test_a_load_ends_as_soon_as_a_gate_is_lost(tmp_path: Path) -> None:
    path = write(tmp_path, think="10ms", gates=["p90(turn.latency) < 1ms"])
    process = loading(tmp_path, str(path), "--users", "4", "--run-time", "10min")
    assert process.wait(90) == 1
    (folder,) = (tmp_path / "reports").iterdir()
    scenario = json.loads((folder / "run.json").read_text())["scenarios"][0]
    stopped = scenario["fidelity"]["load"]["stopped"]
    assert stopped.startswith("`p90(turn.latency) < 1ms` is lost")
    assert scenario["sessions"] < 1_000
