"""The language of gates, the statistics behind them, and what a run comes to."""

from evalkit.gate.check import check_gate, warn_gate
from evalkit.gate.conditions import Condition
from evalkit.gate.expression import parse_gate
from evalkit.gate.facts import CellError, CheckResult, Facts, facts_of
from evalkit.gate.faults import RuleResult
from evalkit.gate.judge import GateResult, judge, judge_each, judge_gates
from evalkit.gate.model import Gate
from evalkit.gate.samples import Expected, Frames
from evalkit.gate.scenario import ScenarioResult, judge_facts, judge_scenario
from evalkit.gate.suite import (
    SuiteResult,
    gated_scenarios,
    judge_all,
    judge_suite,
    judge_suite_gates,
    ran_of,
)
from evalkit.gate.tokens import GateSyntaxError
from evalkit.gate.verdict import Verdict, combine, exit_code, worst_exit

__all__ = [
    "CellError",
    "CheckResult",
    "Condition",
    "Expected",
    "Facts",
    "Frames",
    "Gate",
    "GateResult",
    "GateSyntaxError",
    "RuleResult",
    "ScenarioResult",
    "SuiteResult",
    "Verdict",
    "check_gate",
    "combine",
    "exit_code",
    "facts_of",
    "gated_scenarios",
    "judge",
    "judge_all",
    "judge_each",
    "judge_facts",
    "judge_gates",
    "judge_scenario",
    "judge_suite",
    "judge_suite_gates",
    "parse_gate",
    "ran_of",
    "warn_gate",
    "worst_exit",
]
