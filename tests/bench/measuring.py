"""Measures whole commands: wall and CPU time, and the memory of all their processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Took:
    """What a command took: seconds, and MB of the memory that its processes had at the most."""

    wall: float
    cpu: float
    printed: str = ""
    peak: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s wall, {self.cpu:6.2f} s CPU"


def command(*words: str, environment: Mapping[str, str] | None = None) -> Took:
    """Run a Python command and wait for it."""
    began, before = time.perf_counter(), os.times()
    ran = subprocess.run(
        [sys.executable, *words],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    return Took(time.perf_counter() - began, _cpu_since(before), ran.stdout)


def watched(*words: str, every: float = 0.2) -> Took:
    """The same, with a look at the memory of its processes now and then (Linux only)."""
    began, before, peak = time.perf_counter(), os.times(), 0.0
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_memory, _tree(process.pid))))
            try:
                process.wait(every)
            except subprocess.TimeoutExpired:
                continue
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return Took(time.perf_counter() - began, _cpu_since(before), peak=peak)


def _cpu_since(before: os.times_result) -> float:
    now = os.times()
    user = now.children_user - before.children_user
    return user + now.children_system - before.children_system


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        try:
            children = Path(f"/proc/{found[-1]}/task/{found[-1]}/children").read_text()
        except OSError:
            continue
        waiting += map(int, children.split())
    return found


def _memory(pid: int) -> float:
    """The memory of a process in MB; what it shares counts by share (proportional set size)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(each.split()[1]) for each in lines if each.startswith("Pss:")) / 1024


def memory_below(pid: int) -> float:
    """The memory of a process and all below it, in MB."""
    return sum(map(_memory, _tree(pid)))


def cpu_by_process(pid: int) -> list[tuple[str, float]]:
    """The command line, and the CPU seconds so far, of a process and all below it."""
    found = []
    for each in _tree(pid):
        try:
            words = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = int(fields[11]) + int(fields[12])
        found.append((words, ticks / os.sysconf("SC_CLK_TCK")))
    return found
