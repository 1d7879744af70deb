"""Judges one gate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from evalkit.gate.compare import compare, margin
from evalkit.gate.conditions import Condition, narrowed
from evalkit.gate.confidence import Confident, can_be_sure, decide, interval
from evalkit.gate.expression import parse_gate
from evalkit.gate.model import Comparison, Gate
from evalkit.gate.samples import Expected, Frames, Samples, groups_of, select
from evalkit.gate.verdict import Reason, Verdict
from evalkit.gate.why import why
from evalkit.metrics.definitions import Unit
from evalkit.metrics.money import settled

SUITE = "suite"
"""The scope of a gate that stands at the suite rather than at a scenario."""

DEFAULT_CONFIDENCE = 0.95

NOTHING: Expected = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A gate and what came of it. Figures are in nanoseconds, shares of 1, US dollars or numbers.

    `scope` is a scenario's name or `suite`; `group` says which one it is of those that a gate `for
    each` is judged for, as in `service=crm`. `n` counts the samples and `sessions` where they come
    from; `low` and `high` bound the figure at 95 %, None where there is no bound. `margin` is how
    far the figure is on the right side of the limit. `needed` sessions would settle the gate. One
    that is not `blocking` only warns. `before` is the figure of the baseline, where there was one.
    """

    gate: str
    figure: str
    scope: str
    verdict: Verdict
    observed: float | None
    op: Comparison
    limit: float
    unit: Unit
    n: int
    sessions: int
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    needed: int | None = None
    group: str | None = None
    blocking: bool = True
    why: str
    before: float | None = None

    @property
    def key(self) -> str:
        """What the same gate of another run is known by, whatever its limit is there."""
        return " ".join(each for each in (self.scope, self.figure, self.group) if each)


def judge_gates(
    texts: Iterable[str],
    frames: Frames,
    scenarios: Collection[str],
    *,
    expected: Expected = NOTHING,
    scope: str = SUITE,
    sampled: bool = False,
) -> tuple[GateResult, ...]:
    """Read these gates and judge them over these scenarios."""
    return tuple(
        result
        for text in texts
        for result in judge_each(
            parse_gate(text), frames, scenarios, expected=expected, scope=scope, sampled=sampled
        )
    )


def reasons_of(gates: Iterable[GateResult]) -> Iterator[Reason]:
    """What these gates keep from passing."""
    for each in gates:
        if each.blocking and each.verdict is not Verdict.PASS:
            yield Reason(each.verdict, each.why)


def warnings_of(gates: Iterable[GateResult]) -> Iterator[str]:
    """What these gates warn of."""
    for each in gates:
        if not each.blocking and each.verdict is not Verdict.PASS:
            yield each.why


def judge_each(
    gate: Gate,
    frames: Frames,
    scenarios: Collection[str],
    *,
    expected: Expected = NOTHING,
    scope: str = SUITE,
    sampled: bool = False,
) -> tuple[GateResult, ...]:
    """Judge a gate over these scenarios: once, or for each value of the label that it names.

    `expected` are the values that have to occur: where one does not, that is no data. So it is
    where there is no value at all.
    """
    groups = groups_of(gate, frames, scenarios, expected)
    if not groups:
        return (judge(gate, frames, scenarios, scope=scope, sampled=sampled),)
    assert gate.each is not None
    results = []
    for value in groups:
        condition = Condition(gate.each, "=", value, exact=True)
        part = replace(gate, where=narrowed(gate.where, condition), each=None)
        result = judge(part, frames, scenarios, scope=scope, sampled=sampled)
        results.append(replace(result, gate=str(gate), group=str(condition)))
    return tuple(results)


def judge(
    gate: Gate,
    frames: Frames,
    scenarios: Collection[str],
    *,
    scope: str = SUITE,
    sampled: bool = False,
) -> GateResult:
    """Judge a gate over these scenarios as a whole.

    `sampled` says that the sessions are a sample of what could come, so that a gate that does not
    say otherwise asks for a confidence of 95 % where one can be had.
    """
    samples = select(gate, frames, scenarios)
    observed = samples.measured.figure(gate.aggregate) if len(samples.values) else None
    if observed is not None and gate.unit is Unit.MONEY:
        observed = settled(observed)
    if observed is None:
        return _result(gate, scope, samples, None, Confident(Verdict.NO_DATA))
    confidence = _confidence(gate, sampled)
    if confidence is not None:
        decided = decide(gate, samples, confidence)
    else:
        kept = compare(observed, gate.op, gate.limit)
        decided = Confident(Verdict.PASS if kept else Verdict.FAIL)
    if decided.verdict is Verdict.PASS and samples.unknown:
        decided = Confident(Verdict.NO_DATA)
    return _result(gate, scope, samples, observed, decided, confidence)


def _confidence(gate: Gate, sampled: bool) -> float | None:
    if isinstance(gate.basis, float):
        return gate.basis
    asked = sampled and gate.basis is None
    return DEFAULT_CONFIDENCE if asked and can_be_sure(gate) else None


def _result(
    gate: Gate,
    scope: str,
    samples: Samples,
    observed: float | None,
    decided: Confident,
    confidence: float | None = None,
) -> GateResult:
    low, high = (None, None) if observed is None else interval(gate, samples, confidence)
    return GateResult(
        gate=str(gate),
        figure=gate.figure,
        scope=scope,
        verdict=decided.verdict,
        observed=observed,
        op=gate.op,
        limit=gate.limit,
        unit=gate.unit,
        n=len(samples.values),
        sessions=samples.session_count,
        low=low,
        high=high,
        margin=None if observed is None else margin(observed, gate.op, gate.limit),
        needed=decided.needed,
        blocking=gate.blocking,
        why=why(gate, samples, observed, decided.verdict, decided.needed),
    )
