"""Runs of a suite with a sound and a faulty scenario, on branches and days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalkit.history import StoredRun, stored_runs
from evalkit.store import Run
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, stored

NAMED = "o'dell (beta)"
"""A service whose name SQL would trip over."""


def session(
    name: str, slow: int = 0, *, fault: str | None = None, region: str = "eu", model: str = "gpt-4o"
) -> list[Any]:
    """A session that asks the CRM, again where a fault hits it, and a service of a bad name."""
    pen = Pen(name).start(region=region).begin()
    status = 200 if fault is None else 503
    pen.call("crm", 0, 20 + slow, status=status, fault=fault)
    if fault is not None:
        pen.call("crm", 60, 80 + slow, attempt=2, logical=1)
    pen.call(NAMED, 80, 90)
    pen.call("llm", 90, 190, usage=(100, 20), model=model)
    return pen.reply(200 + slow).end(200 + slow).records


def run_of(out: Path, day: int, slow: int = 0, *, model: str = "gpt-4o", **given: Any) -> Run:
    """A stored run of that day of January, with two sessions of each scenario."""
    name = f"support-202601{day:02}T090000Z-{day:04x}"
    scenarios = [
        scenario_of("happy", sessions=2, cells=1),
        scenario_of("crm-down", sessions=2, cells=1, faulty=True, control="happy"),
    ]
    good = [*session("s1", slow), *session("s2", slow + 10, region="us", model=model)]
    bad = [*session("s1", slow, fault="status"), *session("s2", slow, region="us")]
    record = record_of(*scenarios, run=name, started=f"2026-01-{day:02}T09:00:00.000Z", **given)
    results = [result_of(good, scenario="happy"), result_of(bad, scenario="crm-down")]
    return stored(out / name, *results, record=record)


def runs_in(out: Path) -> tuple[StoredRun, ...]:
    """The runs that were stored."""
    return stored_runs(out).runs
