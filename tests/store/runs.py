"""Stored runs, written from journals that tests make up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalkit.engine.cells import CellResult
from evalkit.engine.events import CellKey
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord
from evalkit.store import CellWriter, Run, RunRecord, ScenarioRecord, Status, write_record
from tests.metrics.journals import SERVICES, Pen


def result_of(
    records: Sequence[AnyRecord], *, scenario: str = "happy", index: int = 0, **given: Any
) -> CellResult:
    """What a cell with these records gives back."""
    sessions = dict.fromkeys(each.session for each in records if each.session is not None)
    defaults: dict[str, Any] = {
        "digest": f"digest of {scenario} {index}",
        "services": SERVICES,
        "cpu_ns": {},
        "planned": tuple(sessions),
    }
    return CellResult(
        cell=CellKey(scenario, index), records=tuple(records), **{**defaults, **given}
    )


def record_of(*scenarios: ScenarioRecord, **given: Any) -> RunRecord:
    """The record of a run of these scenarios."""
    defaults: dict[str, Any] = {
        "run": "support-20260105T090000Z-3fa2",
        "suite": "support",
        "path": "scenarios/support/support.eval.yaml",
        "seed": 7,
        "command": "evalkit run scenarios/support/support.eval.yaml --seed 7",
        "started": "2026-01-05T09:00:00.000Z",
        "status": Status.COMPLETE,
        "verdict": Verdict.PASS,
        "exit_code": 0,
        "versions": {"evalkit": "0.1.0", "python": "3.12.1"},
    }
    return RunRecord(scenarios=scenarios, **{**defaults, **given})


def scenario_of(name: str = "happy", **given: Any) -> ScenarioRecord:
    """The record of a scenario of one cell and one session."""
    return ScenarioRecord(name=name, **{"sessions": 1, "cells": 1, **given})


def stored(folder: Path, *results: CellResult, record: RunRecord | None = None) -> Run:
    """A run with these cells in a folder."""
    record = record or record_of(scenario_of())
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder, record)
    writer = CellWriter(folder=folder)
    for each in results:
        writer(each)
    return Run(folder)


def short_session(session: str = "s1") -> list[AnyRecord]:
    """A session with a call that fails, its retry, and a reply."""
    pen = Pen(session)
    pen.start(100).begin(100)
    pen.call("crm", 110, 130, status=503, fault="status")
    pen.call("crm", 630, 650, attempt=2, logical=1)
    pen.call("llm", 650, 950, usage=(120, 30), model="gpt-4o")
    pen.reply(950, "It is on its way.")
    return pen.end(950).records
