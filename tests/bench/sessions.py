"""1,000 sessions of three turns with realistic latencies: virtual time beside real time."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from evalkit.engine.events import CellDone
from tests.bench.agents import THREE_CALLS
from tests.engine.suites import run, sessions, write_suite

COUNT, TURNS = 1_000, 3
LATENCY = {"latency": {"median": "300ms", "p99": "2s"}}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_suite(
            Path(folder),
            agent=THREE_CALLS,
            rest=LATENCY,
            sessions={"items": sessions(COUNT, TURNS), "concurrency": 1},
        )
        began = time.perf_counter()
        ran = run(path, workers=1)
        real = time.perf_counter() - began
        virtual = sum(each.virtual_ns for each in ran.events if isinstance(each, CellDone)) / 1e9
    print(f"{COUNT} sessions of {TURNS} turns of 3 calls, one at a time, one process")
    print(f"virtual {virtual:10.1f} s")
    print(f"real    {real:10.1f} s")
    print(f"ratio   {virtual / real:10.0f} x")


if __name__ == "__main__":
    main()
