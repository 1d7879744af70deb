"""Loads a payload file: one session record a line, as JSON. Nothing in it is a template."""

from __future__ import annotations

from pathlib import Path

from evalkit.suite.json_lines import load_lines
from evalkit.suite.sessions import SessionRecord
from evalkit.suite.tree import Where


def load_sessions(path: Path | str) -> tuple[SessionRecord, ...]:
    """The session records of a JSONL file. Raises `SuiteError` with all mistakes."""
    first: dict[str, int] = {}

    def again(record: SessionRecord, number: int) -> tuple[Where, str] | None:
        if (before := first.setdefault(record.id, number)) == number:
            return None
        return ("id",), f'session "{record.id}" is there already, in line {before}'

    return load_lines(Path(path), SessionRecord, "session", again)
