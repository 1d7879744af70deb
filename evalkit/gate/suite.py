"""Judges a suite: its own gates over the scenarios that inject nothing, and all scenarios."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalkit.gate.expression import parse_gate
from evalkit.gate.judge import GateResult, judge
from evalkit.gate.samples import Frames
from evalkit.gate.scenario import ScenarioResult
from evalkit.gate.verdict import Verdict, combine, exit_code, worst_exit
from evalkit.suite.model import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """A suite and what came of it. `gates` are its own; scenarios that do not block are listed,
    and count for nothing.
    """

    verdict: Verdict
    exit_code: int
    gates: tuple[GateResult, ...]
    scenarios: tuple[ScenarioResult, ...]
    reasons: tuple[str, ...]


def judge_suite(
    suite: Suite, scenarios: Sequence[ScenarioResult], frames: Frames, *, sampled: bool = False
) -> SuiteResult:
    """Judge a suite of which these scenarios were run."""
    gates = judge_suite_gates(suite, [each.scenario for each in scenarios], frames, sampled=sampled)
    blocking = [each for each in scenarios if each.blocking]
    verdicts = [*(each.verdict for each in blocking), *(each.verdict for each in gates)]
    codes = [*(each.exit_code for each in blocking), *(exit_code(each.verdict) for each in gates)]
    reasons = [
        *(f"{each.scenario}: {why}" for each in blocking for why in each.reasons),
        *(each.why for each in gates if each.verdict is not Verdict.PASS),
    ]
    if not verdicts:
        reasons.append("no scenario that blocks was run")
    return SuiteResult(
        verdict=combine(verdicts),
        exit_code=worst_exit(codes),
        gates=gates,
        scenarios=tuple(scenarios),
        reasons=tuple(reasons),
    )


def judge_suite_gates(
    suite: Suite, ran: Collection[str], frames: Frames, *, sampled: bool = False
) -> tuple[GateResult, ...]:
    """Judge the suite's own gates over the scenarios that ran, inject nothing, and block.

    Where the suite has such scenarios and none of them ran, its gates are not judged.
    """
    scope = gated_scenarios(suite)
    ran = scope & set(ran)
    if scope and not ran:
        return ()
    return tuple(judge(parse_gate(each), frames, ran, sampled=sampled) for each in suite.gates)


def gated_scenarios(suite: Suite) -> frozenset[str]:
    """The scenarios that the suite's own gates judge."""
    return frozenset(
        name for name, each in suite.scenarios.items() if not each.faults and each.blocking
    )
