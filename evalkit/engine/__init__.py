"""Runs scenarios: plans sessions into cells, runs each in a process of its own, yields events."""

from evalkit.engine.cells import CellResult, CellSink, PlannedSession, ScenarioPlan, SuitePlan
from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellStarted,
    CheckCrashed,
    Event,
    Interrupted,
    RunPlanned,
    SessionsDone,
)
from evalkit.engine.plan import plan_suite
from evalkit.engine.run import run_suite

__all__ = [
    "CellDone",
    "CellFailed",
    "CellKey",
    "CellResult",
    "CellSink",
    "CellStarted",
    "CheckCrashed",
    "Event",
    "Interrupted",
    "PlannedSession",
    "RunPlanned",
    "ScenarioPlan",
    "SessionsDone",
    "SuitePlan",
    "plan_suite",
    "run_suite",
]
