"""Whole live runs: each kind of agent, attribution, what is killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.gate import Verdict
from evalkit.journal.records import End
from tests.live.worlds import PYTHON, alive, replies, run, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

FASTAPI = """
    import asyncio, json, os
    import httpx
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse, StreamingResponse

    app, client = FastAPI(), httpx.AsyncClient(timeout=10)

    @app.get("/health")
    async def health(): return {"ok": True}

    async def item(request, session):
        told = {k: v for k, v in request.headers.items() if k in ("baggage", "traceparent")}
        for _ in range(3):
            answer = await client.get(os.environ["CRM"] + "/items/a", headers=told)
            if answer.status_code == 200:
                return f"{answer.json()['owner']} by {os.getpid()}"
        return "gave up"

    @app.post("/json")
    async def as_json(request: Request):
        return {"text": await item(request, (await request.json())["session"])}

    @app.post("/hook")
    async def as_hook(request: Request):
        body = await request.json()
        async def later():
            await client.post(body["to"], json={"text": await item(request, body["session"])})
        app.state.task = asyncio.ensure_future(later())
        return JSONResponse({}, status_code=202)

    @app.post("/stream")
    async def as_stream(request: Request):
        first, by, pid = (await item(request, (await request.json())["session"])).split()
        async def parts():
            for each in (first, f" {by}", f" {pid}"):
                yield f"event: delta\\ndata: {json.dumps({'text': each})}\\n\\n"
                await asyncio.sleep(0)
            yield "data: [DONE]\\n\\n"
        return StreamingResponse(parts(), media_type="text/event-stream")

    jobs = {}

    @app.post("/jobs")
    async def as_job(request: Request):
        session = (await request.json())["session"]
        jobs[session] = asyncio.ensure_future(item(request, session))
        where = {"location": f"/jobs/{session}"}
        return JSONResponse({}, status_code=202, headers=where)

    @app.get("/jobs/{session}")
    async def job(session: str):
        if not jobs[session].done():
            return JSONResponse({"status": "running"}, status_code=202)
        return {"status": "succeeded", "text": await jobs[session]}
"""
HTTP = {
    "url": "http://127.0.0.1:{{ port }}",
    "start": [PYTHON, "-m", "uvicorn", "app:app", "--port", "{{ port }}", "--log-level", "warning"],
    "ready": "/health",
}


def _items(*paths: str, **more: Any) -> dict[str, Any]:
    return {"http": HTTP, "request": {"path": paths[0], **more}}


@pytest.mark.parametrize(
    "agent",
    [
        _items("/json"),
        {
            **_items(
                "/hook", json={"session": "{{ session.id }}", "to": "{{ turn.callback_url }}"}
            ),
            "callback": {"within": "10s"},
        },
        {**_items("/stream"), "reply": {"text": "$.text"}},
        {**_items("/jobs"), "poll": {"every": "20ms"}},
    ],
    ids=["json", "called back", "streamed", "polled"],
)
def test_a_served_agent_is_started_asked_and_stopped(tmp_path: Path, agent: dict[str, Any]) -> None:
    pytest.importorskip("fastapi")
    found = run(write(tmp_path, agent, {"app.py": FASTAPI}))
    assert found.verdict is Verdict.PASS, found.record.reasons
    said = {session: (text or "").split() for session, text in replies(found, "happy").items()}
    assert {session: words[0] for session, words in said.items()} == {
        each: each for each in ("s-1", "s-2", "s-3")
    }
    pids = {int(words[-1]) for words in said.values()}
    assert len(pids) == 1
    assert not any(map(alive, pids))
    record = found.record
    assert (record.clock, record.egress) == ("real", "proxied")
    fidelity = record.scenarios[0].fidelity
    assert fidelity is not None
    assert dict(fidelity.calls) == {"baggage": 3}


def test_an_agent_is_killed_by_a_fault_and_started_again(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    fault = {"at": "agent", "when": {"during": "crm GET*", "call": 1}, "inject": "restart"}
    scenarios = {
        "restart": {"faults": [fault], "sessions": {"concurrency": 1}},
    }
    app = FASTAPI.replace("by {os.getpid()}", "by {request.url.port} {os.getpid()}")
    suite = write(tmp_path, _items("/json"), {"app.py": app}, scenarios=scenarios)
    found = run(suite)
    assert found.verdict is Verdict.PASS, found.record.reasons
    said = [(text or "").split() for text in replies(found, "restart").values()]
    pids, ports = {each[-1] for each in said}, {each[-2] for each in said}
    assert len(pids) == 3  # each session met a new one
    assert len(ports) == 1  # at the address at which others know it
    assert not any(alive(int(each)) for each in pids)


NODE = """
    import readline from "node:readline";
    const say = (what) => process.stdout.write(JSON.stringify(what) + "\\n");
    console.log("hello");
    say({ ready: true });
    for await (const line of readline.createInterface({ input: process.stdin })) {
      const turn = JSON.parse(line);
      const answer = await fetch(`${process.env.CRM}/items/a`);
      say({ id: turn.id, text: (await answer.json()).owner });
    }
    process.exit(0);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_command_in_another_language_speaks_json_lines(tmp_path: Path) -> None:
    suite = write(tmp_path, {"command": "node agent.mjs"}, {"agent.mjs": NODE})
    found = run(suite)
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert replies(found, "happy") == {each: each for each in ("s-1", "s-2", "s-3")}
    assert "hello" in next((found.folder / "agent").iterdir()).read_text()


SYNC = """
    import os, requests
    from evalkit import Reply, Turn

    def agent(turn: Turn) -> Reply:
        print("asked for", turn.session.id)
        answer = requests.get(os.environ["CRM"] + "/items/a", timeout=5)
        return Reply(answer.json()["owner"], answer="answered")
"""


def test_a_synchronous_agent_runs_live(tmp_path: Path) -> None:
    pytest.importorskip("requests")
    agent = {"python": "agent.py:agent", "processes": 2}
    found = run(write(tmp_path, agent, {"agent.py": SYNC}))
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert replies(found, "happy") == {each: each for each in ("s-1", "s-2", "s-3")}
    fidelity = found.record.scenarios[0].fidelity
    assert fidelity is not None
    assert dict(fidelity.calls) == {"port": 3}


QUIET = """
    import asyncio, json, os, sys, urllib.request
    from concurrent.futures import ThreadPoolExecutor
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    import threading
    both = threading.Barrier(2)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            try:
                both.wait(5)
            except threading.BrokenBarrierError:
                pass
            with urllib.request.urlopen(os.environ["CRM"] + "/items/a") as answer:
                text = json.loads(answer.read())
            body = json.dumps({"text": "so"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_what_cannot_be_attributed_is_counted_and_shown(tmp_path: Path) -> None:
    from evalkit.report.live import live_words

    http = {"url": "http://127.0.0.1:{{ port }}", "start": [PYTHON, "app.py", "{{ port }}"]}
    items = [{"id": f"s-{number}", "turns": [{"input": "a"}]} for number in (1, 2)]
    sessions = {"items": items, "concurrency": 2, "turn_deadline": "1min"}
    found = run(write(tmp_path, {"http": http}, {"app.py": QUIET}, sessions=sessions))
    scenario = found.record.scenarios[0]
    assert scenario.unattributed >= 1
    assert "of no known session" in str(live_words(scenario))
    assert "nothing" in dict(scenario.fidelity.calls)  # type: ignore[union-attr]


DYING = """
    import json, os, sys
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        turn = json.loads(line)
        if turn["session"]["id"] == "s-2":
            os.kill(os.getpid(), 9)
        print(json.dumps({"id": turn["id"], "text": "so"}), flush=True)
"""


def test_an_agent_that_dies_is_told_of_as_that(tmp_path: Path) -> None:
    agent = {"command": [PYTHON, "agent.py"], "processes": 1}
    found = run(write(tmp_path, agent, {"agent.py": DYING}))
    assert found.verdict is Verdict.FAIL
    ends = found.record.scenarios[0].ends
    assert ends[End.FAILED] == 2
    assert any("the agent's process was killed by SIGKILL" in each for each in found.record.reasons)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; print('so it goes'); sys.exit(3)", "ended with exit code 3 before"),
        ("syntax error", "SyntaxError"),
    ],
)
def test_an_agent_that_does_not_start_says_why(tmp_path: Path, script: str, words: str) -> None:
    found = run(write(tmp_path, {"command": [PYTHON, "-c", script]}, {}))
    assert found.exit_code == 4
    assert words in str(found.record.scenarios[0].problems[0].what)


SLEEPY = """
    import json, os, sys, time
    print(json.dumps({"ready": True}), flush=True)
    told = {"pid": os.getpid(), "urls": [os.environ["CRM"], os.environ["HTTPS_PROXY"]]}
    with open("beginning", "w") as file:
        json.dump(told, file)
    os.rename("beginning", "began")
    for line in sys.stdin:
        time.sleep(60)
"""


@dataclass
class Going:
    """A run of evalkit in a process of its own, whose agent sleeps."""

    process: subprocess.Popen[bytes]
    agent: int
    ports: list[int]
    temporary: Path

    def left(self) -> list[str]:
        """What is still there of it."""
        found = [f"process {self.agent}"] if alive(self.agent) else []
        for port in self.ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(f"port {port}")
        return [*found, *(each.name for each in self.temporary.iterdir())]

    def ended(self) -> tuple[int, bytes]:
        """Its exit code and what it said, once nothing is left of it."""
        assert self.process.stdout is not None
        with self.process.stdout:
            said = self.process.stdout.read()
        code = self.process.wait(timeout=60)
        until = time.monotonic() + 20
        while self.left() and time.monotonic() < until:
            time.sleep(0.01)
        assert self.left() == []
        return code, said


def _going(folder: Path) -> Going:
    agent = {"command": [PYTHON, "agent.py"], "processes": 1}
    suite = write(folder, agent, {"agent.py": SLEEPY})
    temporary = folder / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [PYTHON, "-m", "evalkit", "run", str(suite), "--out", str(folder / "reports")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    return _told(process, folder)


def _told(process: subprocess.Popen[bytes], folder: Path) -> Going:
    """The run as its agent tells of it, once that is there."""
    began, until = folder / "began", time.monotonic() + 60
    while not began.exists():
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < until
        time.sleep(0.01)
    told = json.loads(began.read_text())
    ports = [int(each.rpartition(":")[2].strip("/")) for each in told["urls"]]
    return Going(process, told["pid"], ports, folder / "temporary")


def _status(folder: Path) -> str:
    record = json.loads(next((folder / "reports").glob("*/run.json")).read_text())
    return str(record["status"])


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 130, "interrupted"),
        (signal.SIGKILL, -signal.SIGKILL, "unfinished"),
    ],
)
def test_a_run_that_is_ended_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int, status: str
) -> None:
    going = _going(tmp_path)
    going.process.send_signal(number)
    assert going.ended()[0] == code
    assert _status(tmp_path) == status


def test_a_world_that_is_killed_is_told_of_and_leaves_nothing(tmp_path: Path) -> None:
    """Proxy, mocks and clock are one process, above the one that supervises the agent. A cell that
    was killed is tried once more: what killed it may have passed.
    """
    going = _going(tmp_path)
    for more in (True, False):
        (tmp_path / "began").unlink()
        os.kill(_parent(_parent(going.agent)), signal.SIGKILL)
        if more:
            going = _told(going.process, tmp_path)
    code, said = going.ended()
    assert code == 5, said.decode()
    assert b"it is tried once more" in said
    assert said.count(b"was killed by SIGKILL") >= 2


def _parent(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(text.rpartition(")")[2].split()[1])


def test_few_live_sessions_prove_little(tmp_path: Path) -> None:
    quick = """
        import json, sys
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            print(json.dumps({"id": json.loads(line)["id"], "text": "so"}), flush=True)
    """
    agent = {"command": [PYTHON, "agent.py"], "processes": 1}
    gates = ["p90(turn.latency) < 10s"]
    found = run(write(tmp_path, agent, {"agent.py": quick}, gates=gates))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.record.gates[0].needed is not None


FENCED = """
    import json, os, socket, sys, urllib.request
    def reached(host, port):
        try:
            socket.create_connection((host, port), timeout=5).close()
        except OSError as error:
            return error.strerror
        return "reached"
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        turn = json.loads(line)
        with urllib.request.urlopen(os.environ["CRM"] + "/items/a") as answer:
            owner = json.loads(answer.read())["owner"]
        told = [owner, reached("127.0.0.1", int(os.environ["BESIDE"]))]
        if sys.argv[1] == "enforced":  # else somebody may be asked
            told.append(reached("192.0.2.1", 80))
        print(json.dumps({"id": turn["id"], "text": json.dumps(told)}), flush=True)
"""


@pytest.mark.parametrize("egress", [pytest.param("proxied", marks=pytest.mark.slow), "enforced"])
def test_where_egress_is_enforced_only_mocks_are_reached(tmp_path: Path, egress: str) -> None:
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if probe.returncode and egress == "enforced":
        pytest.skip("network namespaces are not permitted here")
    with socket.create_server(("127.0.0.1", 0)) as beside:
        agent: dict[str, Any] = {"command": [PYTHON, "agent.py", egress], "egress": egress}
        agent["processes"] = 1
        agent["env"] = {"CRM": "{{ services.crm.url }}", "BESIDE": str(beside.getsockname()[1])}
        items = [{"id": "s-1", "turns": [{"input": "a"}]}]
        suite = write(tmp_path, agent, {"agent.py": FENCED}, sessions={"items": items})
        found = run(suite)
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert found.record.egress == egress
    far = ["Connection refused", "Network is unreachable"] if egress == "enforced" else ["reached"]
    assert json.loads(replies(found, "happy")["s-1"] or "") == ["s-1", *far]


HARD = """
    import asyncio, json, os, shutil, subprocess, sys, urllib.request
    import aiohttp, httpx2, requests

    async def by_aiohttp(url):
        async with aiohttp.ClientSession(trust_env=True) as client, client.get(url) as answer:
            return await answer.text()

    NODE = '''
    const [host, port] = new URL(process.env.HTTPS_PROXY).host.split(":");
    const connect = { host, port, method: "CONNECT", path: "crm.example:443" };
    require("http").request(connect).on("connect", (_, socket) => {
      const options = { socket, servername: "crm.example", agent: false };
      const ask = { ...options, host: "crm.example", path: "/items/a",
        createConnection: () => require("tls").connect(options) };
      require("https").get(ask, (answer) => answer.pipe(process.stdout));
    }).end();
    '''

    CLIENTS = {
        "urllib": lambda url: urllib.request.urlopen(url).read(),
        "requests": lambda url: requests.get(url).text,
        "httpx2": lambda url: httpx2.get(url).text,
        "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    }
    if shutil.which("node"):
        CLIENTS["node"] = lambda _: subprocess.check_output(["node", "-e", NODE], timeout=20)

    def asked(client, url):
        try:
            return json.loads(client(url))["owner"]
        except Exception as error:
            return type(error).__name__

    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        turn = json.loads(line)
        told = {name: asked(client, turn["input"]) for name, client in CLIENTS.items()}
        print(json.dumps({"id": turn["id"], "text": json.dumps(told)}), flush=True)
"""


def test_hosts_that_are_written_into_an_agent_lead_to_mocks_or_nowhere(tmp_path: Path) -> None:
    """What the child's environment says of proxy and certificates is what its clients go by."""
    for each in ("aiohttp", "cryptography", "httpx2", "requests"):
        pytest.importorskip(each)
    urls = {"s-1": "https://crm.example/items/a", "s-2": "https://elsewhere.example/items/a"}
    items = [{"id": name, "turns": [{"input": url}]} for name, url in urls.items()]
    sessions = {"items": items, "concurrency": 1, "turn_deadline": "1min"}
    agent = {"command": [PYTHON, "agent.py"], "processes": 1}
    suite = write(tmp_path, agent, {"agent.py": HARD}, sessions=sessions)
    crm = tmp_path / "crm.yaml"
    crm.write_text(f"hosts: [https://crm.example]\n{crm.read_text()}")
    found = run(suite)
    said = {session: json.loads(text or "{}") for session, text in replies(found, "happy").items()}
    assert set(said["s-1"]) >= {"urllib", "requests", "httpx2", "aiohttp"}
    assert set(said["s-1"].values()) == {"s-1"}
    python = {name: told for name, told in said["s-2"].items() if name != "node"}
    assert "s-2" not in python.values()
    accused = list(found.records("happy", kinds=["finding"]))
    assert {(each.session, getattr(each, "check", "")) for each in accused} == {
        ("s-2", "no-unmocked-egress")
    }
    assert found.verdict is Verdict.FAIL
