"""What the pytest plugin adds to `pytest --collect-only` where there is no suite, in one run."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 12
_COLLECT = ("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
_TESTS = "\n".join(f"def test_{number}():\n    pass\n" for number in range(200))


def took(folder: Path, *arguments: str) -> float:
    """CPU seconds of collecting in a folder, which others on the machine hardly add to."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *_COLLECT, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_plain.py").write_text(_TESTS, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        # By turns, so that both meet the same machine.
        pairs = [(took(folder, "-p", "no:evalkit"), took(folder)) for _ in range(ROUNDS)]
    without, with_ = (statistics.median(each) for each in zip(*pairs, strict=True))
    more = statistics.median(after - before for before, after in pairs)
    print(f"without the plugin   {without:.3f} s of CPU, 200 tests")
    print(f"with it              {with_:.3f} s")
    print(f"median difference    {more * 1000:+.0f} ms")


if __name__ == "__main__":
    main()
