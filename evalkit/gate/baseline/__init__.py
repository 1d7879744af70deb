"""Baselines: what of a run is kept, and how a later run is held against it."""

from evalkit.gate.baseline.compared import ChangedSession, Compared, Shift, Tolerance
from evalkit.gate.baseline.judge import compare_with
from evalkit.gate.baseline.model import Baseline, ScenarioFacts, SessionFacts

__all__ = [
    "Baseline",
    "ChangedSession",
    "Compared",
    "ScenarioFacts",
    "SessionFacts",
    "Shift",
    "Tolerance",
    "compare_with",
]
