"""What became of sessions, as shares of them: of a scenario, and of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How sessions were orchestrated, as shares of them; None where there is none to tell of."""

    completed: float | None
    escalated: float | None
    degraded: float | None
    held: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct(Shares):
    """How a scenario's sessions were orchestrated."""

    scenario: str
    sessions: int
    recovered: float | None
    control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun(Shares):
    """The main figures of a run, as they are kept beside its report for the index."""

    run: str
    suite: str
    branch: str | None
    commit: str | None
    started: str
    verdict: str | None
    status: str
    seed: int
    whole: bool
    scenarios: int
    passed: int
    sessions: int
    p90: float | None
    cost: float | None
    violations: int
    here: bool = False
