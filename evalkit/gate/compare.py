"""Comparing a figure with a limit."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from evalkit.gate.model import Comparison

_OPERATORS: Mapping[Comparison, Callable[[float, float], bool]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
WORDS: Mapping[Comparison, str] = MappingProxyType(
    {
        "<": "below",
        "<=": "at most",
        ">": "above",
        ">=": "at least",
        "==": "exactly",
        "!=": "other than",
    }
)
"""How a sentence says each comparison."""


def compare(figure: float, op: Comparison, limit: float) -> bool:
    """Whether the figure keeps to the limit."""
    return _OPERATORS[op](figure, limit)


def margin(figure: float, op: Comparison, limit: float) -> float:
    """How far the figure is on the right side of the limit; negative on the wrong side."""
    if op in ("<", "<="):
        return limit - figure
    if op in (">", ">="):
        return figure - limit
    return abs(figure - limit) * (1 if op == "!=" else -1)
