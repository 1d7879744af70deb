"""Locust's workers, which may be on other machines than their master. Light to import."""

from __future__ import annotations

import sys
from pathlib import Path

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
"""What Locust runs."""

REGION = "EVALKIT_LOAD_REGION"
"""What tells a worker, in its environment, the region of its users."""


def worker_command(host: str, port: int, processes: int) -> tuple[str, ...]:
    """Locust's command line of workers that belong to a master."""
    words = (sys.executable, "-P", "-m", "locust", "-f", str(LOCUSTFILE), "--worker")
    forks = ("--processes", str(processes)) if processes > 1 else ()
    return (*words, "--master-host", host, "--master-port", str(port), *forks)
