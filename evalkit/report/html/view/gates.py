"""A gate, measured against its limit."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate import Verdict
from evalkit.metrics import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """A gate. `before` is what the figure was in the baseline, where there is one."""

    gate: str
    group: str | None
    scope: str
    verdict: Verdict
    blocking: bool
    observed: float | None
    low: float | None
    high: float | None
    op: str
    limit: float
    unit: Unit
    n: int
    sessions: int
    margin: float | None
    why: str
    before: float | None = None
    critical: bool = False

    @property
    def change(self) -> float | None:
        """How much more it is than in the baseline, which keeps nine decimals."""
        if self.before is None or self.observed is None:
            return None
        change = self.observed - self.before
        return 0.0 if abs(change) <= 1e-9 + abs(self.before) * 1e-9 else change
