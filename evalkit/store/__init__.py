"""Runs on disk: written cell by cell, read as frames, and never half there."""

from evalkit.store.command import command_of
from evalkit.store.folder import find_run, new_folder, part_name, runs_in
from evalkit.store.notices import RunJudged, RunOpened
from evalkit.store.record import (
    CellProblem,
    RunRecord,
    ScenarioRecord,
    Status,
    read_record,
    to_json,
    write_record,
)
from evalkit.store.run import Run
from evalkit.store.writer import CellWriter

__all__ = [
    "CellProblem",
    "CellWriter",
    "Run",
    "RunJudged",
    "RunOpened",
    "RunRecord",
    "ScenarioRecord",
    "Status",
    "command_of",
    "find_run",
    "new_folder",
    "part_name",
    "read_record",
    "runs_in",
    "to_json",
    "write_record",
]
