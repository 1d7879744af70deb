"""Comparing a figure with a limit."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from evalkit.gate.model import Comparison

if TYPE_CHECKING:
    from evalkit.metrics.columns import Flags, Values

_OPERATORS: Mapping[Comparison, Callable[[Any, Any], Any]] = MappingProxyType(
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
    return bool(_OPERATORS[op](figure, limit))


def compare_each(values: Values, op: Comparison, limit: float) -> Flags:
    """Which of the values keep to the limit."""
    kept: Flags = _OPERATORS[op](values, limit)
    return kept


def margin(figure: float, op: Comparison, limit: float) -> float:
    """How far the figure is on the right side of the limit; negative on the wrong side."""
    if op in ("<", "<="):
        return limit - figure
    if op in (">", ">="):
        return figure - limit
    return abs(figure - limit) * (1 if op == "!=" else -1)
