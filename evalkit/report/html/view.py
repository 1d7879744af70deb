"""What a report shows, as plain data: templates lay it out and decide nothing.

Times are nanoseconds, shares are of 1, money is in US dollars; None is what there is no figure of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from evalkit.gate import Verdict
from evalkit.gate.forecast import Interval
from evalkit.live.meter import LoadCounts
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
    """Findings, or ends of sessions, of one signature. `message` and `hint` are of the first.

    `along` is what else was found about the same calls, or in the same sessions and about no call.
    """

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
    along: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One of the few figures at the top. `of` says of what, `bad` that it should stand out."""

    label: str
    figure: str
    of: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A figure that keeps the run from passing, in a line: of a gate, or against the baseline.
    `plain` says what the figure is; `changed` that the places are sessions that did something
    else than in the baseline, and not only the worst of them.
    """

    text: str
    scope: str
    critical: bool
    part: str
    plain: str = ""
    places: tuple[Place, ...] = ()
    changed: bool = False


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
    settings: tuple[tuple[str, str], ...]
    totals: tuple[Total, ...]
    clock: str | None
    command: str
    go_on: str | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    first: tuple[Problem, ...]
    more_first: int
    missed: tuple[Missed, ...]
    more_missed: int
    do: str | None = None
    simulated: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A figure of a scenario that is worse or better than in the baseline. Where it `counts` not,
    its scenario does not block.
    """

    scenario: str
    figure: str
    unit: Unit
    before: float
    now: float
    counts: bool
    why: str
    places: tuple[Place, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Sessions that took another step than in the baseline, and how many are bad since."""

    scenario: str
    before: str
    now: str
    sessions: int
    bad: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The run against its baseline."""

    baseline: str
    verdict: Verdict
    summary: str
    worse: tuple[Moved, ...]
    better: tuple[Moved, ...]
    changes: tuple[Change, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    notes: tuple[str, ...]


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
    expected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions told of, and how many there are."""

    lines: tuple[SessionLine, ...]
    bad: int
    good: int
    bad_shown: int
    good_shown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A figure over time, one value for each step; None where there was nothing to measure."""

    label: str
    unit: Unit
    values: tuple[float | None, ...]
    per: str = ""

    @property
    def most(self) -> float | None:
        """The largest value."""
        return max((each for each in self.values if each is not None), default=None)

    @property
    def least(self) -> float | None:
        """The smallest value. The last step counts only where it is all there is: it is cut off."""
        whole = self.values[:-1] or self.values
        return min((each for each in whole if each is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a fault rule held, in nanoseconds since the load began, and how often it was met."""

    label: str
    first: int
    last: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load test. `offered` and `achieved` are sessions per second while sessions became due:
    those that became due, and those that ended. Times are in nanoseconds since the load began, and
    `strips` have a value for each `step`; `mocks_*` are how late the mocks were, and how long they
    took by themselves, at p99.
    """

    scenario: str
    offered: float
    achieved: float
    counts: LoadCounts
    mocks_late: int
    mocks_own: int
    bottleneck: str | None
    lasted: int
    step: int
    strips: tuple[Strip, ...]
    windows: tuple[Window, ...]


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
    before: Before | None = None
    load: Load | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
