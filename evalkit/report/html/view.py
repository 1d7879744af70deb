"""What a report shows, as plain data: templates lay it out and decide nothing.

Times are nanoseconds, shares are of 1, money is in US dollars; None is what there is no figure of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evalkit.gate import Verdict
from evalkit.gate.forecast import Interval
from evalkit.metrics import Unit

State: TypeAlias = Literal["failed", "degraded", "recovered", "untried", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A session in the report, and a call of it, that something can be looked up at."""

    scenario: str
    session: str
    call: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Findings, or ends of sessions, of one signature. `message` and `hint` are of the first."""

    label: str
    check: str
    bad: bool
    allowed: bool
    message: str
    hint: str | None
    count: int
    sessions: int
    scenarios: tuple[str, ...]
    expected: str | None = None
    seen: str | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One of the few figures at the top. `of` says of what, `bad` that it should stand out."""

    label: str
    figure: str
    of: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The verdict and why, and what makes this run this run."""

    verdict: Verdict | None
    title: str
    why: str
    suite: str
    run: str
    status: str
    facts: tuple[tuple[str, str], ...]
    totals: tuple[Total, ...]
    clock: str | None
    command: str
    go_on: str | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    first: tuple[Problem, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """A gate. `change` is how far the figure moved since the baseline, where there is one."""

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
    change: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What became of the sessions whose calls to an integration met a family of faults."""

    state: State
    recovered: int = 0
    degraded: int = 0
    failed: int = 0
    kinds: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Integrations by families of faults. `untried` are those that could be tried and were not."""

    families: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    tried: int
    untried: int
    fragile: int


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
    """A limit that a gate sets to a scenario's latencies."""

    label: str
    at: float
    kept: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How a scenario's sessions were orchestrated, as shares of them."""

    scenario: str
    sessions: int
    completed: float | None
    escalated: float | None
    degraded: float | None
    held: float | None
    recovered: float | None
    control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
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
    completed: float | None
    escalated: float | None
    degraded: float | None
    held: float | None
    p90: float | None
    cost: float | None
    violations: int
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session that the report tells of; `story` is its place in the embedded data."""

    story: int
    scenario: str
    session: str
    end: str
    answer: str | None
    good: bool
    latency: int | None
    turns: int
    calls: int
    cost: float | None
    unpriced: int
    violations: int
    advice: int
    faults: tuple[str, ...]
    services: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions told of, and how many there are."""

    lines: tuple[SessionLine, ...]
    bad: int
    good: int
    bad_shown: int
    good_shown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Figures under load: a place for them, empty in runs that were not under load."""

    offered: float
    achieved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole report."""

    banner: Banner
    scenarios: tuple[ScenarioLine, ...]
    gates: tuple[GateLine, ...]
    problems: tuple[Problem, ...]
    matrix: Matrix
    integrations: tuple[Integration, ...]
    latencies: tuple[Latency, ...]
    cost: Cost
    conduct: tuple[Conduct, ...]
    history: tuple[PastRun, ...]
    sessions: Sessions
    left_out: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    baseline: str | None = None
    load: Load | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
