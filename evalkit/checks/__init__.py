"""Oracles over the journal: each check is one small file, listed in one table."""

from evalkit.checks.base import Check, Facts
from evalkit.checks.expectations import EXPECTATION, check_expectations
from evalkit.checks.registry import CHECKS, NAMES, SETS, expand
from evalkit.checks.run import Checked, Crash, run_checks

__all__ = [
    "CHECKS",
    "EXPECTATION",
    "NAMES",
    "SETS",
    "Check",
    "Checked",
    "Crash",
    "Facts",
    "check_expectations",
    "expand",
    "run_checks",
]
