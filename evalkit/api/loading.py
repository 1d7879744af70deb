"""Finds stored runs."""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.store import Run, find_run


def load_run(
    run: str | os.PathLike[str] = "latest", *, out: str | os.PathLike[str] = "reports"
) -> Run:
    """A stored run, by the path of its folder, its id, the start of its id, or `latest`.

    `out` is where runs are kept. Raises `UsageError` where there is no such run.
    """
    return Run(find_run(os.fspath(run), Path(out)))
