"""Where the time of a command's processes goes: a sample of the stack for every 5 ms of CPU.

`environment` makes Python processes sample themselves, and those that they fork; each writes what
it found to a file of its own, which `hottest` reads. Locust is left out: such signals end it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

HOOK = """
import collections, json, os, signal, sys

def _begin():
    seen, place, busy = collections.Counter(), os.environ["EVALKIT_SAMPLES"], []

    def take(_, frame):
        # Writing takes longer than a sample is apart, so that the next may come in the middle of
        # it; and whatever is raised here is raised in what is being sampled.
        if busy:
            return
        busy.append(True)
        try:
            count(frame)
        except Exception:
            pass
        finally:
            busy.clear()

    def count(frame):
        each = frame
        while each is not None:
            if each.f_code.co_qualname in ("LoadCell._judged", "CellWriter.__call__"):
                return  # the load is over by then
            each = each.f_back
        inner = frame.f_code
        while frame is not None and "/evalkit/" not in frame.f_code.co_filename:
            frame = frame.f_back
        outer = inner if frame is None else frame.f_code
        name = lambda code: code.co_filename.rpartition("/")[2] + ":" + code.co_qualname
        seen[name(inner) if inner is outer else name(outer) + " > " + name(inner)] += 1
        total = sum(seen.values())
        if total % 200 == 0:
            told = {"command": sys.orig_argv, "seen": seen.most_common(40), "all": total}
            with open(f"{place}/{os.getpid()}", "w") as file:
                json.dump(told, file)

    signal.signal(signal.SIGPROF, take)
    signal.setitimer(signal.ITIMER_PROF, 0.005, 0.005)

if "locust" not in sys.orig_argv:
    _begin()
    os.register_at_fork(after_in_child=_begin)
"""


def environment(folder: Path) -> dict[str, str]:
    """What has the Python processes of a command sample themselves into a folder."""
    hook, samples = folder / "hook", folder / "samples"
    hook.mkdir()
    samples.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join([str(hook), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "EVALKIT_SAMPLES": str(samples)}


def hottest(folder: Path, part: str, most: int = 12) -> list[tuple[str, float]]:
    """Where the busiest process whose command line holds a text spent its CPU, by share."""
    found: list[tuple[int, Counter[str]]] = []
    for path in (folder / "samples").iterdir():
        told = json.loads(path.read_text())
        if part in " ".join(told["command"]):
            found.append((told["all"], Counter(dict(told["seen"]))))
    if not found:
        return []
    total, seen = max(found, key=lambda each: each[0])
    return [(name, count / total) for name, count in seen.most_common(most)]
