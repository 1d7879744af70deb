"""What is killed in the middle of a load test is told of, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Collection
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.live.worlds import CRM
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


PROXIED = """
    import json, os, sys, urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from pathlib import Path

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self): self.say({})
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            headers = {"baggage": self.headers["baggage"]}
            request = urllib.request.Request("https://crm.example/items/a", headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = json.loads(answer.read())["id"]
            except OSError as error:
                text = f"lost: {error}"
            Path(os.environ["BEGAN"]).write_text(os.environ["HTTPS_PROXY"])
            self.say({"text": text})
        def say(self, what):
            body = json.dumps(what).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
HTTP = {"url": "http://127.0.0.1:{{ port }}", "ready": "/health"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "load"])
def test_a_proxy_that_is_killed_with_calls_on_their_way_through_it(
    tmp_path: Path, command: str
) -> None:
    """The proxy is no process of its own: it lives in that of the mocks, and dies with them."""
    (tmp_path / "agent.py").write_text(textwrap.dedent(PROXIED))
    agent = {
        "http": {**HTTP, "start": [sys.executable, "agent.py", "{{ port }}"]},
        "request": {"path": "/turn"},
        "env": {"BEGAN": str(tmp_path / "began")},
        "late": "1min",
    }
    path = write(tmp_path, think="200ms", turns=50, agent=agent)
    mock = {**CRM, "hosts": ["https://crm.example"], "latency": "200ms"}
    (tmp_path / "crm.yaml").write_text(yaml.safe_dump(mock))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    words = ("--users", "3", "--run-time", "30s") if command == "load" else ("--no-control",)
    environment = {"TMPDIR": str(temporary)}
    process = loading(tmp_path, str(path), *words, command=command, **environment)
    tries = 1 if command == "load" else 2  # a cell of a run is tried once more
    seen: set[int] = set()
    for _ in range(tries):
        there = until_under_way(process, tmp_path)
        proxy = (tmp_path / "began").read_text()
        (tmp_path / "began").unlink()
        (mocks,) = _listening(int(proxy.rpartition(":")[2]), there)
        assert "zygote" in there[mocks]
        seen |= set(there)
        os.kill(mocks, signal.SIGKILL)
        while (tmp_path / "began").exists():  # of the agent that is dying
            (tmp_path / "began").unlink()
        assert not until_gone({mocks, *(each for each in there if "agent.py" in there[each])})
        (tmp_path / "began").unlink(missing_ok=True)
        assert _refuses(proxy)
    assert process.wait(60) == 5
    assert not until_gone(seen)
    assert not list(temporary.iterdir())
    scenario = _record(tmp_path)["scenarios"][0]
    whose = "the process of the mocks, with proxy" if command == "load" else "the cell's process"
    assert [each["what"].startswith(whose) for each in scenario["problems"]] == [True]
    assert "was killed by SIGKILL" in scenario["problems"][0]["what"]
    assert set(scenario["ends"]) >= {"errored"}
    assert scenario["ends"]["errored"] == scenario["sessions"]


def _refuses(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) != 0


def _listening(port: int, pids: Collection[int]) -> set[int]:
    """Which of these processes hold the socket that listens on a port of loopback."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [each.split() for each in lines]
    wanted = f"0100007F:{port:04X}"
    (inode,) = (each[9] for each in fields if each[1] == wanted and each[3] == "0A")
    return {pid for pid in pids if f"socket:[{inode}]" in _opened_by(pid)}


def _opened_by(pid: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(str(each.readlink()))
    return found
