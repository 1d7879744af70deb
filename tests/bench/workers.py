"""Two workers beside one, on the same suite: the sessions of an agent that uses the CPU."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.agents import THREE_CALLS
from tests.bench.measuring import command
from tests.engine.suites import sessions, write_suite

COUNT, PER_CELL, ROUNDS = 1_200, 50, 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        suite = write_suite(
            Path(folder),
            agent=THREE_CALLS,
            sessions={"items": sessions(COUNT, 3), "concurrency": 10, "cell": PER_CELL},
        )
        words = ("-m", "evalkit", "run", str(suite), "--out", f"{folder}/runs", "--workers")
        # In turns, so that a busy machine weighs on both alike.
        rounds = [(command(*words, "1"), command(*words, "2")) for _ in range(ROUNDS)]
    one, two = (min(each, key=lambda took: took.wall) for each in zip(*rounds, strict=True))
    print(f"{COUNT} sessions of 3 turns of 3 calls in cells of {PER_CELL}, the best of {ROUNDS}")
    print(f"one worker   {one}")
    print(f"two workers  {two}")
    print(f"ratio        {one.wall / two.wall:.2f} x, start-up and judging included")


if __name__ == "__main__":
    main()
