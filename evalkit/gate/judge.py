"""Judges one gate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from evalkit.gate.compare import compare, margin
from evalkit.gate.confidence import Confident, decide, interval
from evalkit.gate.model import Comparison, Gate
from evalkit.gate.samples import Frames, Samples, select
from evalkit.gate.verdict import Verdict
from evalkit.gate.why import why
from evalkit.metrics.aggregate import aggregate
from evalkit.metrics.definitions import Unit

SUITE = "suite"
"""The scope of a gate that stands at the suite rather than at a scenario."""

DEFAULT_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A gate and what came of it. Figures are in nanoseconds, shares of 1, US dollars or numbers.

    `scope` is a scenario's name or `suite`. `n` counts the samples and `sessions` where they come
    from; `low` and `high` bound the figure at 95 %, None where there is no bound. `margin` is how
    far the figure is on the right side of the limit. `needed` sessions would settle the gate.
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
    why: str


def judge(
    gate: Gate,
    frames: Frames,
    scenarios: Collection[str],
    *,
    scope: str = SUITE,
    sampled: bool = False,
) -> GateResult:
    """Judge a gate over these scenarios.

    `sampled` says that the sessions are a sample of what could come, so that a gate that does not
    say otherwise asks for a confidence of 95 % where one can be had.
    """
    samples = select(gate, frames, scenarios)
    observed = aggregate(gate.aggregate, samples.values) if samples.values else None
    if observed is None:
        return _result(gate, scope, samples, None, Confident(Verdict.NO_DATA))
    confidence = _confidence(gate, sampled)
    if confidence is not None:
        decided = decide(gate, samples, confidence)
    else:
        kept = compare(observed, gate.op, gate.limit)
        decided = Confident(Verdict.PASS if kept else Verdict.FAIL)
    if decided.verdict is Verdict.PASS and gate.metric.whole and samples.missing:
        return _result(gate, scope, samples, observed, Confident(Verdict.NO_DATA))
    return _result(gate, scope, samples, observed, decided)


def _confidence(gate: Gate, sampled: bool) -> float | None:
    if isinstance(gate.basis, float):
        return gate.basis
    share = gate.percentile
    can_be_had = gate.aggregate == "rate" or (share is not None and 0 < share < 1)
    asked = sampled and gate.basis is None and gate.op not in ("==", "!=")
    return DEFAULT_CONFIDENCE if asked and can_be_had else None


def _result(
    gate: Gate,
    scope: str,
    samples: Samples,
    observed: float | None,
    decided: Confident,
) -> GateResult:
    low, high = (None, None) if observed is None else interval(gate, samples)
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
        why=why(gate, samples, observed, decided.verdict, decided.needed),
    )
