"""Writes what CI platforms read into the folder of a run."""

from __future__ import annotations

import os
from pathlib import Path

from evalkit.report.ci.junit import junit
from evalkit.report.ci.markdown import markdown
from evalkit.store import Run

JUNIT, SUMMARY = "junit.xml", "summary.md"


def write_ci_files(run: Run) -> tuple[Path, Path]:
    """Write `junit.xml` and `summary.md`. Raises `OSError` where they cannot be written."""
    return _put(run.folder / JUNIT, junit(run)), _put(run.folder / SUMMARY, markdown(run.record))


def _put(path: Path, text: str) -> Path:
    """Put a file in place whole."""
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_text(text, encoding="utf-8")
    return written.replace(path)
