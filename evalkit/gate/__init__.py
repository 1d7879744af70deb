"""The language of gates, the statistics behind them, and what a run comes to."""

from evalkit.gate.check import check_gate, warn_gate
from evalkit.gate.expression import parse_gate
from evalkit.gate.faults import RuleResult
from evalkit.gate.judge import GateResult, judge
from evalkit.gate.model import Condition, Gate
from evalkit.gate.samples import Frames
from evalkit.gate.scenario import CellError, CheckResult, ScenarioResult, judge_scenario
from evalkit.gate.suite import SuiteResult, gated_scenarios, judge_suite, judge_suite_gates
from evalkit.gate.tokens import GateSyntaxError
from evalkit.gate.verdict import Verdict, combine, exit_code, worst_exit

__all__ = [
    "CellError",
    "CheckResult",
    "Condition",
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
    "gated_scenarios",
    "judge",
    "judge_scenario",
    "judge_suite",
    "judge_suite_gates",
    "parse_gate",
    "warn_gate",
    "worst_exit",
]
