"""Which aggregates of a metric a question asks for, or could."""

from __future__ import annotations

from evalkit.history.lexicon import SUMMED
from evalkit.history.parts import Cannot, Parts
from evalkit.metrics.definitions import Kind, Metric

_NUMBERS = ("mean", "p50", "p95")
_ENDS = {"highest": "max", "lowest": "min"}


def aggregates_of(parts: Parts, metric: Metric) -> list[tuple[str, ...]]:
    """The aggregates, or those that could be meant where none is named."""
    named = list(dict.fromkeys(parts.aggregates))
    if parts.extremes and not parts.which:
        if len(parts.extremes) > 1 or metric.kind is Kind.BOOLEAN:
            raise Cannot(f"the {parts.extremes[0]} of what is not clear; say: which service has …")
        if parts.extremes[0] not in _ENDS:
            raise Cannot(f"the {parts.extremes[0]} of what is not clear; say: which service has …")
        end = _ENDS[parts.extremes[0]]
        if named not in ([], [end]):
            raise Cannot(f"the {parts.extremes[0]} {named[0]} of what is not said")
        named = [end]
    if metric.kind is Kind.BOOLEAN:
        if named == ["mean", "rate"] or named == ["rate", "mean"]:
            named = ["rate"]
        if parts.per_row and named != ["rate"]:
            raise Cannot(f"{metric.name} is true or false of each row; ask for its rate")
        if not named:
            return [("rate",), ("count",)]
        if wrong := [each for each in named if each not in ("rate", "count")]:
            raise Cannot(f"{metric.name} is true or false: it has a rate or a count, no {wrong[0]}")
        return [tuple(named)]
    return _of_number(named, parts, metric)


def _of_number(named: list[str], parts: Parts, metric: Metric) -> list[tuple[str, ...]]:
    if "rate" in named:
        raise Cannot(f"{metric.name} is a number, and a rate is of what is true or false")
    if set(named) == {"count", "mean"}:
        named = ["mean"]  # the average number of attempts
    if named == ["count"]:
        return [("mean",)] if parts.per_row else [("sum",), ("mean",)]
    if "count" in named:
        raise Cannot(f"how many is asked together with {' and '.join(named)}; ask for one")
    if not named and totalled(parts):
        return [("sum",)]
    if not named:
        return [("mean",)] if parts.per_row else [(each,) for each in _NUMBERS]
    if parts.per_row and "sum" in named:
        raise Cannot("a total and a figure per row are two things; ask for one")
    return [tuple(named)]


def totalled(parts: Parts) -> bool:
    """Whether a total is asked for."""
    if parts.aggregates or parts.extremes or parts.per_row:
        return set(parts.aggregates) == {"sum"}
    return SUMMED in parts.concepts
