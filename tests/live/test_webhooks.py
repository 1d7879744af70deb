"""Webhooks over loopback: signed, sent to an agent that is a process of its own, and gone wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import yaml

from evalkit.journal.records import CallbackSent, CallStarted, FaultMoved, Stage
from evalkit.store import Run
from tests.live.worlds import PYTHON, replies, run, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

NAMES = ("plain", "late", "doubled", "dropped", "changed", "forged", "unsigned", "overtaken")
SECRET = "s3cret"
ITEMS = {
    "service": "rest",
    "routes": {
        f"POST /{name}": {
            "reply": {"json": {}},
            "webhook": {
                "name": name,
                "to": "{{ agent.url }}/hook?of={{ session.id }}",
                "after": "20ms",
                "json": {"n": "{{ body.n }}"},
                "sign": {"secret": SECRET, "style": "prefixed"},
                "retries": ["60ms"],
            },
        }
        for name in NAMES
    },
}
FAULTS: list[dict[str, Any]] = [
    {"at": "items webhook late", "inject": {"callback_late": "300ms"}},
    {"at": "items webhook doubled", "inject": {"callback_duplicated": "50ms"}},
    {"at": "items webhook dropped", "inject": "callback_dropped"},
    {"at": "items webhook changed", "when": {"attempt": 1}, "inject": "callback_altered"},
    {"at": "items webhook forged", "inject": {"callback_altered": "signature"}},
    {"at": "items webhook unsigned", "inject": {"callback_altered": "unsigned"}},
    {
        "at": "items webhook overtaken",
        "when": {"call": 1},
        "inject": {"callback_reordered": "20s"},
    },
]
AGENT = """
    import hashlib, hmac, json, os, sys, threading, urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    said, changed = {}, threading.Condition()

    def hook(path, headers, raw):
        signed = "sha256=" + hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
        good = headers.get("x-signature") == signed
        told = str(json.loads(raw)["n"]) if good else "bad"
        with changed:
            said.setdefault(path.rpartition("=")[2], []).append(told)
            changed.notify_all()
        return 200 if good else 401, {}

    def turn(path, headers, raw):
        body = json.loads(raw)
        session, (posts, wanted) = body["session"], map(int, body["input"].split())
        for n in range(posts):
            request = urllib.request.Request(
                os.environ["ITEMS"] + "/" + session, json.dumps({"n": n}).encode(),
                {"content-type": "application/json", "baggage": headers.get("baggage", "")})
            urllib.request.urlopen(request, timeout=10).close()
        with changed:
            changed.wait_for(lambda: len(said.get(session, [])) >= wanted, 20)
            return 200, {"text": " ".join(said.get(session, [])) or "nothing"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"]))
            answer = hook if self.path.startswith("/hook") else turn
            status, told = answer(self.path, self.headers, raw)
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass

    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
EXPECTED: dict[str, tuple[str, str, list[tuple[str, int, int | None]]]] = {
    # session: posts and arrivals to wait for; what the agent got; arrival, attempt and status
    "plain": ("1 1", "0", [("taken", 1, 200)]),
    "late": ("1 1", "0", [("taken", 1, 200)]),
    "doubled": ("1 2", "0 0", [("taken", 1, 200), ("taken", 1, 200)]),
    "dropped": ("1 0", "nothing", [("lost", 1, None)]),
    "changed": ("1 2", "bad 0", [("refused", 1, 401), ("taken", 2, 200)]),
    "forged": ("1 2", "bad bad", [("refused", 1, 401), ("refused", 2, 401)]),
    "unsigned": ("1 2", "bad bad", [("refused", 1, 401), ("refused", 2, 401)]),
    "overtaken": ("2 2", "1 0", [("taken", 1, 200), ("taken", 1, 200)]),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("webhooks")
    http = {"url": "http://127.0.0.1:{{ port }}", "start": [PYTHON, "app.py", "{{ port }}"]}
    agent = {"http": http, "env": {"ITEMS": "{{ services.items.url }}"}}
    items = [{"id": name, "turns": [{"input": EXPECTED[name][0]}]} for name in NAMES]
    suite = write(
        folder,
        agent,
        {"app.py": AGENT, "items.yaml": yaml.safe_dump(ITEMS)},
        services={"items": {"use": "items.yaml"}},
        sessions={"items": items, "concurrency": len(items), "turn_deadline": "1min"},
        scenarios={"hooks": {"faults": FAULTS}},
    )
    return run(suite)


def sent_of(found: Run, session: str | None = None) -> list[CallbackSent]:
    """What was sent, of a session or of all."""
    records = found.records("hooks", session=session)
    return [each for each in records if isinstance(each, CallbackSent)]


@pytest.mark.parametrize("name", NAMES)
def test_what_reaches_an_agent_over_loopback(found: Run, name: str) -> None:
    assert replies(found, "hooks")[name] == EXPECTED[name][1]
    sent = [(each.arrival.value, each.attempt, each.status) for each in sent_of(found, name)]
    assert sent == EXPECTED[name][2]


def test_a_late_one_came_that_much_later(found: Run) -> None:
    calls = [each for each in found.records("hooks") if isinstance(each, CallStarted)]
    for name, least in (("plain", 20_000_000), ("late", 320_000_000)):
        (sent,) = sent_of(found, name)
        (asked,) = (each.at for each in calls if each.session == name)
        assert sent.began - asked >= least


def test_every_fault_is_delivered(found: Run) -> None:
    delivered = {
        each.session
        for each in found.records("hooks")
        if isinstance(each, FaultMoved) and each.stage is Stage.DELIVERED
    }
    assert delivered == set(NAMES) - {"plain"}
