"""A scenario, and what its faults added to it."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What the faults of a scenario added to a session, on average: the factor of its calls, and
    more time and cost; over so many sessions.
    """

    sessions: int
    amplification: float | None
    latency: float | None
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioLine:
    """A scenario: its verdict, why, and how its sessions ended."""

    name: str
    verdict: Verdict | None
    blocking: bool
    critical: bool
    standing: str
    control: bool
    description: str | None
    faults: tuple[str, ...]
    sessions: int
    ends: tuple[tuple[str, int], ...]
    violations: int
    advice: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]
    added: Added | None = None
    worse: tuple[str, ...] = ()

    @property
    def added_cost(self) -> float | None:
        """What the faults added to a session's cost, if that is known."""
        return None if self.added is None else self.added.cost
