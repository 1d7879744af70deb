"""How long `evalkit --help` takes, beside a bare interpreter, in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 10


def wall(*arguments: str) -> float:
    """Median wall seconds of a Python process."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    bare = wall("-c", "pass")
    helped = wall("-m", "evalkit", "--help")
    imported = wall("-c", "import evalkit")
    print(f"bare interpreter     {bare:.3f} s")
    print(f"import evalkit       {imported:.3f} s  {imported / bare:.1f} x")
    print(f"evalkit --help       {helped:.3f} s  {helped / bare:.1f} x")


if __name__ == "__main__":
    main()
