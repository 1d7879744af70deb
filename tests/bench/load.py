"""Load: 5,000 sessions at a time, 10 s of thinking each turn, held for two minutes; then a ramp.

Everything is on this machine: Locust, mocks, agent and evalkit. BENCH_SECONDS in the environment
says for how long each of the two goes on, BENCH_SESSIONS how many there are at a time. The mocks'
process also gives out turns and keeps the journal.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from evalkit.keyed import Draw
from tests.bench import light_agent
from tests.bench.measuring import cpu_by_process, memory_below
from tests.bench.sampling import environment, hottest

SECONDS = int(os.environ.get("BENCH_SECONDS", "120"))
SESSIONS = int(os.environ.get("BENCH_SESSIONS", "5000"))
THINK, TURNS, ITEMS = 10.0, 2, 500
RAMP_TO = 400
MEMORY_EVERY, ROWS = 5, 12

CRM = {"service": "rest", "latency": "10ms", "routes": {"GET /items/{id}": {"reply": {"json": {}}}}}
ROLES = {"locustfile.py": "Locust", "light_agent.py": "agent", "zygote": "mocks"}


@dataclass
class Loaded:
    """What a load test came to: its record, MB over time, and CPU seconds by what used them."""

    record: dict[str, Any]
    memory: list[float] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)
    course: list[tuple[float, Counter[str]]] = field(default_factory=list)
    """The CPU seconds by then, at a time of the system's clock, about every second."""
    folder: Path = Path()

    @property
    def scenario(self) -> dict[str, Any]:
        found: dict[str, Any] = self.record["scenarios"][0]
        return found

    def cores(self, first: float, last: float) -> dict[str, float]:
        """How many cores each kind of process kept busy between two seconds of the world."""
        began = datetime.fromisoformat(self.record["started"]).timestamp()
        within = [each for each in self.course if first <= each[0] - began <= last]
        if len(within) < 2:
            return {}
        (start, before), (end, after) = within[0], within[-1]
        return {role: (after[role] - before[role]) / (end - start) for role in (*ROLES.values(),)}


def suite(folder: Path, think: float) -> Path:
    """A suite of sessions of two turns, thinking for so many seconds before each."""
    draw = Draw("bench")
    items = [
        {
            "id": f"s-{number}",
            "turns": [
                {
                    "input": "a",
                    "think": f"{draw.exponential(think, f'{number} {turn}') * 1e3:.0f}ms",
                }
                for turn in range(TURNS)
            ],
        }
        for number in range(ITEMS)
    ]
    start = [sys.executable, light_agent.__file__, "{{ port }}"]
    whole = {
        "suite": "bench",
        "agent": {
            "http": {"url": "http://127.0.0.1:{{ port }}", "start": start, "ready": "/health"},
            "request": {"path": "/turn"},
            "env": {"SERVICE": "{{ services.crm.url }}"},
        },
        "services": {"crm": {"use": "crm.yaml"}},
        "sessions": {"items": items},
        "gates": ["rate(session.completed) > 99%"],
        "load": {"ramp": {"ramp": {"to": RAMP_TO, "over": f"{SECONDS}s"}}},
        "scenarios": {"happy": {}},
    }
    (folder / "crm.yaml").write_text(yaml.safe_dump(CRM))
    path = folder / "bench.eval.yaml"
    path.write_text(yaml.safe_dump(whole))
    return path


def loaded(folder: Path, *words: str, sampled: bool = False) -> Loaded:
    """Put the suite under load, and look at its processes meanwhile."""
    environ = {**os.environ, **(environment(folder) if sampled else {})}
    out = folder / "record.json"
    command = [sys.executable, "-m", "evalkit", "load", *words, "--json", "--no-report"]
    found = Loaded({}, folder=folder)
    with out.open("wb") as file, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--to-the-end", "--out", str(folder / "reports")],
            stdout=file,
            stderr=log,
            env=environ,
        )
        for second in itertools.count():
            if process.poll() is not None:
                break
            if second % MEMORY_EVERY == 0:  # while it is looked at, its processes get no more
                found.memory.append(memory_below(process.pid))
            for words_of, seconds in cpu_by_process(process.pid):
                role = next((role for part, role in ROLES.items() if part in words_of), "evalkit")
                found.cpu[role] = max(found.cpu[role], seconds)
            found.course.append((time.time(), Counter(found.cpu)))
            time.sleep(1)
    text = out.read_text()
    if not text:
        raise SystemExit((folder / "log").read_text())
    found.record = json.loads(text)
    return found


def told(found: Loaded) -> None:
    """Print what came of a test."""
    counts = found.scenario["fidelity"]["load"]
    fidelity, ends = found.scenario["fidelity"], found.scenario["ends"]
    failed = found.scenario["sessions"] - ends.get("completed", 0)
    print(
        f"sessions {counts['given']:,}: {ends.get('completed', 0):,} completed, {failed} not; "
        f"{counts['dropped']} arrivals dropped, {counts['cut']:,} under way at the end, "
        f"{counts['lost']} lost with a process of Locust's that died"
    )
    for reason in (counts["stopped"], *found.scenario["reasons"]):
        if reason:
            print(f"  evalkit says: {reason}")
    print(
        f"generator {counts['late_p99'] / 1e6:.1f} ms late at p99, mocks "
        f"{fidelity['late_p99'] / 1e6:.1f} ms, and took {fidelity['own_p99'] / 1e6:.1f} ms"
    )
    quarters = [found.memory[int(len(found.memory) * share)] for share in (0.25, 0.5, 0.75)]
    print(
        f"memory {max(found.memory):,.0f} MB at the most; after a quarter, half, three quarters: "
        f"{', '.join(f'{each:,.0f}' for each in quarters)} MB"
    )
    print("CPU", ", ".join(f"{role} {seconds:.1f} s" for role, seconds in found.cpu.items()))


def turns_of(found: Loaded) -> Any:
    """The turns of a run, with the second in which each began and the latency in ms."""
    from evalkit.store import Run

    (folder,) = (found.folder / "reports").iterdir()
    turns = Run(folder).turns
    turns["second"] = turns["started_ns"] // 10**9
    turns["ms"] = turns["latency_ns"] / 1e6
    return turns


def held() -> None:
    """So many sessions at a time, which arrive on their own."""
    rate = SESSIONS / (THINK * TURNS)
    with tempfile.TemporaryDirectory() as name:
        path = suite(Path(name), THINK)
        users = ["--users", str(round(SESSIONS * 1.2)), "--spawn-rate", "300"]
        amount = [*users, "--arrival", f"{rate:g}/s", "--run-time", f"{SECONDS}s"]
        found = loaded(Path(name), str(path), *amount)
        print(f"{SESSIONS:,} sessions at a time, {rate:g} arrivals/s, for {SECONDS} s")
        told(found)
        ms = turns_of(found)["ms"]
        print(f"turns {len(ms):,}, {ms.median():.1f} ms p50, {ms.quantile(0.99):.1f} ms p99")


def ramp() -> None:
    """More and more users, who do not think: as many turns as go."""
    with tempfile.TemporaryDirectory() as name:
        path = suite(Path(name), 0.0)
        found = loaded(Path(name), str(path), "--profile", "ramp", sampled=True)
        print(f"ramp to {RAMP_TO} users over {SECONDS} s, without thinking")
        told(found)
        ceiling_of(found)
        for part in ("zygote", "light_agent.py"):
            role, found_in = ROLES[part], hottest(Path(name), part)
            print(f"  where {role} spends its CPU:" if found_in else f"  {role}: under 1 s of CPU")
            for where, share in found_in:
                print(f"    {share:6.1%}  {where}")


def ceiling_of(found: Loaded) -> None:
    """Print how the ramp went: where more users bring no more turns, and which process is busy
    there.
    """
    by_second = turns_of(found).groupby("second")["ms"]
    turns, median, p99 = by_second.count(), by_second.median(), by_second.quantile(0.99)
    step = max(1, len(turns) // ROWS)
    print("  second   users   turns/s        p50        p99    cores that were busy")
    rates = {}
    for second in range(0, len(turns) - step + 1, step):
        rows = slice(second, second + step)
        rates[second] = turns.iloc[rows].mean()
        cores = found.cores(second, second + step)
        print(
            f"  {second:>6}  {RAMP_TO * (second + step / 2) / SECONDS:>6.0f}  "
            f"{rates[second]:>8,.0f}  "
            f"{median.iloc[rows].mean():>6.0f} ms  {p99.iloc[rows].mean():>6.0f} ms    "
            + ", ".join(f"{role} {share:.2f}" for role, share in cores.items())
        )
    most = max(rates.values())
    where = next(second for second, rate in rates.items() if rate > 0.9 * most)
    usual = statistics.median(rate for second, rate in rates.items() if second >= where)
    cores = found.cores(where, SECONDS)
    print(
        f"  ceiling: {usual:,.0f} turns/s, from {RAMP_TO * where / SECONDS:.0f} users on: more of"
    )
    print("  them wait longer, and do no more turns.")
    role, share = max(cores.items(), key=lambda each: each[1], default=("nothing", 0.0))
    if share > 0.85:  # of what there is, other processes on the same cores take some
        print(
            f"  limited by {role}: one process, which kept {share:.2f} of a core busy from there."
        )
    else:
        used = sum(cores.values())
        print(
            f"  limited by the machine: {used:.2f} of {os.cpu_count()} cores were busy from there."
        )


def main() -> None:
    """Print it."""
    held()
    ramp()


if __name__ == "__main__":
    main()
