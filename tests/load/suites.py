"""Suites for load tests, with a light agent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.bench import light_agent
from tests.live.worlds import CRM, alive

ROOT = Path(__file__).parents[2]


def write(folder: Path, *, think: str = "0s", turns: int = 1, **parts: Any) -> Path:
    """A suite of a light agent and a CRM, with three sessions of so many turns."""
    (folder / "crm.yaml").write_text(yaml.safe_dump(CRM), encoding="utf-8")
    start = [sys.executable, light_agent.__file__, "{{ port }}"]
    turn = {"input": "a", "think": think}
    items = [{"id": f"s-{number}", "turns": [turn] * turns} for number in (1, 2, 3)]
    sessions = {"items": items, "turn_deadline": "1min", **parts.pop("sessions", {})}
    whole = {
        "suite": "light",
        "agent": {
            "http": {"url": "http://127.0.0.1:{{ port }}", "start": start, "ready": "/health"},
            "request": {"path": "/turn"},
            "env": {"SERVICE": "{{ services.crm.url }}", "BEGAN": str(folder / "began")},
            "late": "1min",
        },
        "services": {"crm": {"use": "crm.yaml"}},
        "sessions": sessions,
        "scenarios": {"happy": {}},
        **parts,
    }
    path = folder / "light.eval.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return path


def loading(
    folder: Path, *words: str, command: str = "load", **environment: str
) -> subprocess.Popen[bytes]:
    """`evalkit load`, or another command, with these words, in a process of its own."""
    whole = [sys.executable, "-m", "evalkit", command, *words, "--no-report"]
    return subprocess.Popen(
        [*whole, "--out", str(folder / "reports")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def below(pid: int) -> dict[int, str]:
    """The processes below one, with their command lines."""
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found[child] = b" ".join(words).decode()
            waiting.append(child)
    return found


def until_under_way(process: subprocess.Popen[bytes], folder: Path) -> dict[int, str]:
    """Wait for the agent's first turn; what runs below the process then."""
    until = time.monotonic() + 60
    while not (folder / "began").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return below(process.pid)


def until_gone(pids: set[int]) -> set[int]:
    """Those of the processes that are there still, a while later."""
    until = time.monotonic() + 15
    while (left := {each for each in pids if alive(each)}) and time.monotonic() < until:
        time.sleep(0.02)
    return left
