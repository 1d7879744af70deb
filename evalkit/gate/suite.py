"""Judges a suite: its own gates over the scenarios that inject nothing, and all scenarios."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalkit.gate.judge import NOTHING, GateResult, judge_gates, reasons_of, warnings_of
from evalkit.gate.samples import Expected, Frames
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
    warnings: tuple[str, ...] = ()


def judge_suite(
    suite: Suite,
    scenarios: Sequence[ScenarioResult],
    frames: Frames,
    *,
    expected: Expected = NOTHING,
    sampled: bool = False,
) -> SuiteResult:
    """Judge a suite of which these scenarios were run."""
    ran = [each.scenario for each in scenarios]
    gates = judge_suite_gates(suite, ran, frames, expected=expected, sampled=sampled)
    return judge_all(scenarios, gates)


def judge_all(scenarios: Sequence[ScenarioResult], gates: Sequence[GateResult]) -> SuiteResult:
    """What a suite comes to by its scenarios and its own gates."""
    blocking = [each for each in scenarios if each.blocking]
    of_gates = list(reasons_of(gates))
    codes = [each.exit_code for each in blocking]
    judged = [each for each in gates if each.blocking]
    verdicts = [*(each.verdict for each in blocking), *(each.verdict for each in judged)]
    reasons = [
        *(f"{each.scenario}: {why}" for each in blocking for why in each.reasons),
        *(each.text for each in of_gates),
    ]
    if not blocking and not judged:
        reasons.append("no scenario that blocks was run")
    return SuiteResult(
        verdict=combine(verdicts),
        exit_code=worst_exit([*codes, *(exit_code(each.verdict) for each in judged)]),
        gates=tuple(gates),
        scenarios=tuple(scenarios),
        reasons=tuple(reasons),
        warnings=tuple(warnings_of(gates)),
    )


def judge_suite_gates(
    suite: Suite,
    ran: Collection[str],
    frames: Frames,
    *,
    expected: Expected = NOTHING,
    sampled: bool = False,
) -> tuple[GateResult, ...]:
    """Judge the suite's own gates over the scenarios that ran, inject nothing, and block."""
    scope = ran_of(gated_scenarios(suite), ran)
    if scope is None:
        return ()
    return judge_gates(suite.gates, frames, scope, expected=expected, sampled=sampled)


def ran_of(gated: Collection[str], ran: Collection[str]) -> frozenset[str] | None:
    """Over which scenarios the suite's own gates are judged: those of them that ran. None where
    the suite has such scenarios and none of them ran: then its gates are not judged.
    """
    there = frozenset(gated) & frozenset(ran)
    return None if gated and not there else there


def gated_scenarios(suite: Suite) -> frozenset[str]:
    """The scenarios that the suite's own gates judge: those that inject nothing, and block."""
    return frozenset(name for name, each in suite.scenarios.items() if each.sound and each.blocking)
