"""Writes the reports of stored runs: HTML, and what CI platforms read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from evalkit.api.loading import load_run
from evalkit.errors import UsageError
from evalkit.store import Run


def report(
    runs: Sequence[Run] | Run | str | os.PathLike[str] = "latest",
    *,
    out: str | os.PathLike[str] = "reports",
) -> tuple[Path, ...]:
    """Write the report of each run into its folder, and the index over the runs beside them; what
    CI platforms read (`junit.xml`, `summary.md`) goes into the folder too.

    A run is given as `load_run` takes it, or as a `Run`. Gives the paths of the reports, then that
    of the index. Raises `UsageError` where there is no such run, a part of it is missing or
    damaged, or a report cannot be written.
    """
    from evalkit.report.ci.writing import write_ci_files
    from evalkit.report.html.writing import write_index, write_report

    if isinstance(runs, (str, os.PathLike)):
        runs = load_run(runs, out=out)
    given = [runs] if isinstance(runs, Run) else list(runs)
    try:
        for each in given:
            write_ci_files(each)
        written = [write_report(each) for each in given]
        indexes = [write_index(each) for each in dict.fromkeys(r.folder.parent for r in given)]
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error}") from error
    return (*written, *indexes)
