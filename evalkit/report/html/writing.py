"""Writes the report of a run into its folder, and the index over runs beside their folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from evalkit.report.html.building import Room, view_of
from evalkit.report.html.history import MOST_RUNS, keep, past_runs
from evalkit.report.html.overview import overview_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.rendering import render
from evalkit.report.html.view import PastRun, View
from evalkit.store import Run

PAGE = "index.html"
LARGEST = 2_000_000
"""Bytes that no report is larger than."""

_HALVINGS = 8


def write_report(run: Run, past: Sequence[PastRun] | None = None) -> Path:
    """Write the report of a run into its folder. `past` are the runs beside it.

    Raises `UsageError` where a part of the run is missing or damaged, `OSError` where the file
    cannot be written.
    """
    stored = Stored.of(run)
    before = past_runs(run.folder.parent, without=run.folder) if past is None else past
    page, view = report_of(stored, before)
    path = run.folder / PAGE
    _put(path, page)
    keep(run.folder, view.history[-1])
    return path


def report_of(stored: Stored, past: Sequence[PastRun] = ()) -> tuple[str, View]:
    """The report of a run as HTML, no larger than `LARGEST`, and what it shows."""
    room = Room()
    for _ in range(_HALVINGS):
        view = view_of(stored, past, room)
        page = render("report.html", script="report.js", view=view)
        if len(page.encode()) <= LARGEST:
            break
        room = room.less()
    return page, view


def write_index(out: Path) -> Path:
    """Write the index over the runs in a folder."""
    path = out / PAGE
    _put(path, index_of(past_runs(out)))
    return path


def index_of(past: Sequence[PastRun]) -> str:
    """The index over these runs as HTML."""
    return render("overview.html", script="overview.js", view=overview_of(past), most=MOST_RUNS)


def _put(path: Path, page: str) -> None:
    """Put a page in place whole."""
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_text(page, encoding="utf-8", newline="\n")
    written.replace(path)
