"""Runs on disk: written cell by cell, read as frames, and never half there."""

from evalkit.store.command import command_of
from evalkit.store.folder import find_run, holds_runs, new_folder, part_name, runs_in
from evalkit.store.hold import held
from evalkit.store.key import KEY, forget_key, kept_key, new_key
from evalkit.store.notices import RunJudged, RunOpened
from evalkit.store.parts import KeptCell, KeptCrash, sweep
from evalkit.store.record import (
    REAL,
    SIMULATED,
    RunRecord,
    Status,
    read_record,
    to_json,
    write_record,
)
from evalkit.store.run import Run
from evalkit.store.scenario import CellProblem, QuarantineRecord, ScenarioRecord, Stopped
from evalkit.store.writer import CellWriter

__all__ = [
    "KEY",
    "REAL",
    "SIMULATED",
    "CellProblem",
    "CellWriter",
    "KeptCell",
    "KeptCrash",
    "QuarantineRecord",
    "Run",
    "RunJudged",
    "RunOpened",
    "RunRecord",
    "ScenarioRecord",
    "Status",
    "Stopped",
    "command_of",
    "find_run",
    "forget_key",
    "held",
    "holds_runs",
    "kept_key",
    "new_folder",
    "new_key",
    "part_name",
    "read_record",
    "runs_in",
    "sweep",
    "to_json",
    "write_record",
]
