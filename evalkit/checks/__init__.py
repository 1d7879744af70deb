"""Oracles over the journal: each check is one small file, listed in one table."""

from evalkit.checks.base import Check, Facts
from evalkit.checks.expectations import EXPECTATION, check_expectations
from evalkit.checks.making import made
from evalkit.checks.operations import Operation, OperationGlob
from evalkit.checks.registry import CHECKS, GROUPS, NAMES, SETS
from evalkit.checks.run import Checked, Crash, run_checks
from evalkit.suite.parts import Part

__all__ = [
    "CHECKS",
    "EXPECTATION",
    "GROUPS",
    "NAMES",
    "SETS",
    "Check",
    "Checked",
    "Crash",
    "Facts",
    "Operation",
    "OperationGlob",
    "Part",
    "check_expectations",
    "made",
    "run_checks",
]
