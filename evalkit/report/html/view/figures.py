"""How calls and turns went: the integrations, and the latency of scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How values are spread: exact percentiles, and counts in bins of equal width on a log scale
    from `first` to `last`.
    """

    n: int
    p50: float
    p90: float
    p95: float
    p99: float
    most: float
    bins: tuple[int, ...] = ()
    first: float = 0
    last: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """The calls to a service. `errors` are counted by cause; `unrecovered` logical calls never
    got there. `amplification` is calls divided by those of the same sessions without faults.
    """

    service: str
    kind: str
    calls: int
    logical: int
    injected: int
    organic: int
    unrecovered: int
    spread: Spread | None
    budget: int | None
    over_budget: int | None
    amplification: float | None
    cost: float | None
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit that a gate sets to a scenario's latencies, and what became of the gate."""

    label: str
    at: float
    verdict: Verdict

    @property
    def state(self) -> str:
        """Whether it was `kept`, was `broken`, or could not be told."""
        return {Verdict.PASS: "kept", Verdict.FAIL: "broken"}.get(self.verdict, "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The turns of a scenario: how long they took, and where the mean turn's time went."""

    scenario: str
    spread: Spread | None
    limits: tuple[Limit, ...]
    model: float
    tools: float
    waiting: float
    control: bool = False

    @property
    def mean(self) -> float:
        """The mean latency."""
        return self.model + self.tools + self.waiting
