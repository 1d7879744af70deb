"""Users in several processes and machines: as many sessions as from one, each where it belongs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from evalkit.cli import main
from evalkit.engine.dispensing import arrivals
from evalkit.errors import UsageError
from evalkit.live.network import is_loopback
from evalkit.load.choosing import TOKEN, LoadChoice, Spread
from evalkit.load.running import load
from evalkit.load.workers import LOCUSTFILE
from evalkit.store import Run
from evalkit.units import SECOND
from tests.live.worlds import PYTHON
from tests.load.hosts import ADDRESS, SCRIPT, refusal
from tests.load.suites import ROOT, loading, write

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes"),
    pytest.mark.skipif(find_spec("locust") is None, reason="needs Locust"),
]

REGIONS = {"eu": {"rtt": "4ms", "share": "60%"}, "us": {"rtt": "150ms"}}


def _stored(folder: Path) -> Run:
    (found,) = (folder / "reports").iterdir()
    return Run(found)


def test_workers_by_region_replay_what_one_process_would(tmp_path: Path) -> None:
    gates = ["p50(turn.latency) < 5s for each region"]
    path = write(tmp_path, think="50ms", turns=2, sessions={"regions": REGIONS}, gates=gates)
    words = ("--users", "20", "--arrival", "15/s", "--run-time", "3s", "--seed", "4")
    master = loading(tmp_path, str(path), *words, "--master", "127.0.0.1:5571", "--workers", "2")
    worker = [PYTHON, "-m", "evalkit", "load", "--worker", "127.0.0.1:5571", "--region"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    workers = [subprocess.Popen([*worker, each], env=environment, **quiet) for each in REGIONS]
    code = master.wait(90)
    assert [each.wait(20) for each in workers] == [0, 0]
    run = _stored(tmp_path)
    scenario = run.record.scenarios[0]
    assert scenario.fidelity is not None
    assert scenario.fidelity.load is not None
    expected = len(list(arrivals(15, 4, 3 * SECOND)))
    assert scenario.fidelity.load.given == scenario.sessions == expected
    assert scenario.ends["completed"] == expected
    by_region = run.turns.groupby("region")["latency_ns"]
    assert set(by_region.groups) == {"eu", "us"}
    assert by_region.min()["us"] >= 150_000_000
    assert by_region.min()["eu"] >= 14_000_000
    groups = {each.group for each in run.record.gates or scenario.gates}
    assert groups == {"region=eu", "region=us"}
    assert code in (0, 3)


@pytest.mark.slow
def test_workers_on_other_hosts_replay_what_one_process_would(tmp_path: Path) -> None:
    if (why := refusal()) is not None:
        pytest.skip(f"no hosts here ({why}): tried with several processes alone, see above")
    parts = write(tmp_path, think="50ms", turns=2, sessions={"regions": REGIONS})
    whole = yaml.safe_load(parts.read_text())
    whole["agent"]["http"]["url"] = f"http://{ADDRESS}:{{{{ port }}}}"
    whole["agent"]["env"]["HOST"] = ADDRESS
    parts.write_text(yaml.safe_dump(whole))
    words = ("--users", "20", "--arrival", "15/s", "--run-time", "3s", "--seed", "4")
    kept = ("--no-report", "--out", str(tmp_path / "reports"))
    ran = subprocess.run(
        ["unshare", "-rn", *SCRIPT, str(parts), *words, *kept, "--", *REGIONS],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert len(set(told["networks"])) == 3
    assert told["codes"] == [0, 0, 0], ran.stderr
    run = _stored(tmp_path)
    scenario = run.record.scenarios[0]
    assert scenario.fidelity is not None
    assert scenario.fidelity.load is not None
    expected = len(list(arrivals(15, 4, 3 * SECOND)))
    load = scenario.fidelity.load
    assert (load.given, load.lost, load.dropped) == (expected, 0, 0)
    assert scenario.ends["completed"] == expected
    least = run.turns.groupby("region")["latency_ns"].min()
    assert least["us"] >= 150_000_000 > least["eu"] >= 14_000_000


@pytest.mark.slow
def test_locust_alone_starts_evalkit_and_ends_with_its_verdict(tmp_path: Path) -> None:
    path = write(tmp_path, gates=["rate(session.completed) > 50%"])
    command = [PYTHON, "-m", "locust", "-f", str(LOCUSTFILE), "--suite", str(path)]
    amount = ["--headless", "-u", "4", "-r", "4", "-t", "3s", "--processes", "2"]
    out = f"--out {tmp_path / 'reports'} --no-report --arrival 10/s"
    ran = subprocess.run(
        [*command, *amount, "--evalkit", out],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    run = _stored(tmp_path)
    assert ran.returncode == run.exit_code == 0, ran.stderr
    load = run.record.scenarios[0].fidelity.load  # type: ignore[union-attr]
    assert load is not None
    assert load.given >= 10
    assert (load.dropped, load.lost) == (0, 0)


def test_locust_without_a_suite_says_what_is_missing() -> None:
    command = [PYTHON, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "-u", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "which suite? add --suite FILE" in ran.stderr


def test_beyond_loopback_both_sides_have_to_know_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    choice = LoadChoice(spread=Spread(master=("0.0.0.0", 5557)))
    with pytest.raises(UsageError, match="EVALKIT_LOAD_TOKEN"):
        load(write(tmp_path), choice, out=tmp_path / "reports")


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False), ("", False)],
)
def test_what_only_this_machine_reaches(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x.yaml", "--region", "eu"], "--region is for a --worker"),
        (["x.yaml", "--workers", "2"], "--workers is for a --master"),
        (["x.yaml", "--desk", "127.0.0.1:1", "--users", "2"], "Locust's command line"),
        (["x.yaml", "--master", "127.0.0.1:1", "--processes", "2"], "no users of its own"),
        (["--worker", "127.0.0.1:1", "--desk", "127.0.0.1:2"], "told all by its master"),
        ([], "which suite?"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", *words]) == 2
    assert told in capsys.readouterr().err


def test_where_the_locustfile_is_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--locustfile"]) == 0
    assert json.dumps(str(LOCUSTFILE))[1:-1] in capsys.readouterr().out
