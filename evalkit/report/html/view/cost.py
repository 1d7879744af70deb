"""What a run cost."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.gate.forecast import Interval
from evalkit.report.html.view.gates import GateLine


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What the calls of a service to one model cost."""

    service: str
    model: str
    calls: int
    unpriced: int
    tokens_in: int
    tokens_out: int
    cost: float
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCost:
    """What a scenario's sessions cost: in all, each, on retries, and more than without faults."""

    scenario: str
    sessions: int
    cost: float
    each: float | None
    retries: float
    added: float | None
    unpriced: int
    control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the run cost. `ceilings` are the gates about money."""

    total: float
    unpriced: int
    retries: float
    added: float | None
    models: tuple[ModelCost, ...]
    scenarios: tuple[ScenarioCost, ...]
    forecast: tuple[tuple[int, Interval], ...]
    ceilings: tuple[GateLine, ...]
    prices: str | None
