"""Peak memory of a run of 20,000 sessions beside one of 2,000: all processes, to their end."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.bench.measuring import Took, watched
from tests.engine.suites import write_suite

SIZES = (2_000, 20_000)
AGENT = """
import os
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"], timeout=30)

async def agent(turn: Turn) -> Reply:
    response = await client.get(f"/items/{turn.number}")
    return Reply(response.json()["id"])
"""


def peak_of(sessions: int) -> Took:
    """What a run of so many sessions took."""
    with tempfile.TemporaryDirectory() as folder:
        lines = (
            {"id": f"s{n}", "vars": {"order": f"A-{n}"}, "turns": [{"input": f"Where is {n}?"}]}
            for n in range(sessions)
        )
        path = Path(folder) / "sessions.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in lines))
        suite = write_suite(
            Path(folder),
            agent=AGENT,
            sessions={"from": path.name, "concurrency": 20},
            gates=["p90(turn.latency) < 1s", "rate(session.completed) > 99%"],
        )
        return watched(
            "-m", "evalkit", "run", str(suite), "--out", f"{folder}/runs", "--workers", "2"
        )


def main() -> None:
    peaks = []
    for size in SIZES:
        took = peak_of(size)
        peaks.append(took.peak)
        print(f"{size:6,} sessions  {took.peak:6.0f} MB at the most  {took}")
    print(f"ratio            {peaks[1] / peaks[0]:.2f} x")


if __name__ == "__main__":
    main()
