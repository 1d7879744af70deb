"""Runs that are killed (SIGKILL) at random moments and resumed, to the digest of one that was not.

`python -m tests.studies.kills [MOMENTS]` does so at 50 moments, spread over all of a run from its
start on: in each 50th part of it one, at a place drawn by a fixed seed. A moment is an amount of
CPU time that the run's processes have taken, which a busy machine moves little; where the run was
over before, it is done again and killed a little earlier. Half of the moments hit the run alone,
whose processes then have to end by themselves; half hit them all. Every fifth resumed run is
killed as well.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.keyed import Draw
from evalkit.store import Run, runs_in
from tests.engine.suites import write_suite

AGENT = """
import hashlib, os
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=5)

async def agent(turn: Turn) -> Reply:
    for _ in range(300):
        hashlib.sha256(bytes(20_000)).digest()
    secret = {"authorization": f"Bearer {turn.session.vars['card']}"}
    response = await client.get("/items/1", headers=secret)
    if response.status_code != 200:
        response = await client.get("/items/1", headers=secret)
    return Reply(f"{turn.input}: {response.json()['id']}")
"""
SESSIONS, PER_CELL = 24, 3
FLAKY = {"at": "items", "when": {"attempt": 1, "share": "50%"}, "inject": {"status": 503}}
MARK = "EVALKIT_STUDY"
OVER = "all, for it was over already"
LINGERS = 15.0  # seconds that orphans have to end


def card(number: int) -> str:
    """A value that must not be found in what is stored."""
    return f"4111-{number:04}-7"


def write(folder: Path) -> Path:
    """The suite that is killed."""
    items = [
        {"id": f"s{n}", "vars": {"card": card(n)}, "turns": [{"input": f"card {card(n)}"}]}
        for n in range(SESSIONS)
    ]
    return write_suite(
        folder,
        agent=AGENT,
        sensitive=["card"],
        sessions={"items": items, "concurrency": 2, "cell": PER_CELL},
        scenarios={"plain": {}, "flaky": {"faults": [FLAKY]}},
    )


@dataclass(frozen=True)
class Study:
    """Kills runs of one suite and resumes them. `out` is where their folders are made."""

    suite: Path
    out: Path
    mark: str

    @classmethod
    def of(cls, folder: Path) -> Study:
        """A study in a folder of its own."""
        return cls(write(folder), folder / "runs", secrets.token_hex(8))

    def whole(self) -> tuple[Run, float]:
        """A run that nobody kills, and how much CPU time it took in seconds."""
        began = os.times()
        self.finish(self.start("--out", str(self.out / "whole")))
        ended = os.times()
        (folder,) = runs_in(self.out / "whole")
        user = ended.children_user - began.children_user
        return Run(folder), user + ended.children_system - began.children_system

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a run."""
        return subprocess.Popen(
            [sys.executable, "-m", "evalkit", "run", str(self.suite), "--workers", "2", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, MARK: self.mark},
            start_new_session=True,
        )

    def finish(self, run: subprocess.Popen[bytes]) -> None:
        """Wait for a run that has to pass."""
        _, told = run.communicate(timeout=120)
        assert run.returncode == 0, told.decode()

    def kill(self, run: subprocess.Popen[bytes], after: float, *, all_at_once: bool) -> bool:
        """Kill a run after so much CPU time, and wait until none of its processes is left.

        False if it was over before.
        """
        while run.poll() is None and self.taken() < after:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(timeout=0.01)
        if all_at_once:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        run.kill()
        run.communicate()
        until = time.monotonic() + LINGERS
        while left := list(self.processes()):
            assert time.monotonic() < until, f"processes were left behind: {left}"
            os.sched_yield()
        return run.returncode < 0

    def taken(self) -> float:
        """The CPU time of the run's processes so far, in seconds."""
        ticks = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))  # own and of children that were waited for
        return ticks / os.sysconf("SC_CLK_TCK")

    def processes(self) -> Iterator[int]:
        """The processes of this study's runs, by what is in their environment (Linux only)."""
        mark = f"{MARK}={self.mark}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    yield int(place.name)

    def killed(self, name: str, number: int, after: float) -> tuple[str, Run]:
        """Kill a run, for sure, and resume it; what was there when it was killed."""
        for again in range(10):
            folder = f"{name}-{again}"
            there = self.once(
                folder,
                after * 0.9**again,
                all_at_once=number % 2 == 1,
                resumed_too=number % 5 == 4,
            )
            if there != OVER:
                break
        else:
            raise AssertionError("the run is always over before it is killed")
        (run,) = runs_in(self.out / folder)
        return there, Run(run)

    def once(self, name: str, after: float, *, all_at_once: bool, resumed_too: bool) -> str:
        """Kill a run after so much CPU time and resume it; what was there when it was killed."""
        out = self.out / name
        killed = self.kill(self.start("--out", str(out)), after, all_at_once=all_at_once)
        if not list(runs_in(out)):
            self.finish(self.start("--out", str(out)))
            return "no run yet"
        (folder,) = runs_in(out)
        parts = len(list(folder.glob("sessions/*.parquet")))
        if resumed_too:
            again = self.start("--out", str(out), "--resume", str(folder))
            self.kill(again, after / 2, all_at_once=not all_at_once)
        self.finish(self.start("--out", str(out), "--resume", str(folder)))
        return f"{parts:2} of {2 * SESSIONS // PER_CELL} cells" if killed else OVER


def check(run: Run, whole: Run) -> None:
    """The run is as good as the whole one."""
    assert run.digest == whole.digest
    assert run.verdict == whole.verdict
    assert not list(run.folder.rglob(".*"))
    for name in ("calls", "turns", "sessions", "events"):
        frame, other = getattr(run, name), getattr(whole, name)
        left_out = [each for each in ("cpu_time_ns", "data", "text", "identity") if each in frame]
        assert frame.drop(columns=left_out).equals(other.drop(columns=left_out)), name
    stored = "\n".join((*run.turns["text"], *run.events["data"]))
    assert "4111-" not in stored
    assert len(set(re.findall("masked-[0-9a-f]{12}", stored))) == SESSIONS


def study(folder: Path, moments: int, *, seed: int = 1, tell: bool = False) -> dict[str, int]:
    """Kill at so many moments; how often what was there."""
    it = Study.of(folder)
    whole, took = it.whole()
    found: dict[str, int] = {}
    for number in range(moments):
        share = (number + Draw(seed, "kill", number).unit("when")) / moments
        there, resumed = it.killed(f"run-{number}", number, took * share)
        check(resumed, whole)
        found[there] = found.get(there, 0) + 1
        if tell:
            after = f"{took * share:5.2f} s of {took:.2f}"
            print(f"{number + 1:3} killed after {after} of CPU time: {there}")
    return found


def main() -> None:
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        found = study(Path(folder), moments, tell=True)
    print(f"{moments} runs were killed and resumed, each to the digest of the whole one")
    for there, count in sorted(found.items()):
        print(f"  {count:3} with {there}")


if __name__ == "__main__":
    main()
