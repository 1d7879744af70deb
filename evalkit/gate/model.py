"""A gate as it is understood: what `evalkit.gate.expression` reads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from evalkit.gate.conditions import Where
from evalkit.gate.limit import format_limit
from evalkit.metrics.aggregate import percentile_share
from evalkit.metrics.definitions import Metric, Unit

Comparison: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]
Basis: TypeAlias = float | Literal["observed"]

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate as it was read. `limit` is in nanoseconds, a share of 1, US dollars, or a number.

    `basis` is the confidence asked for, `observed`, or None where the gate says neither. `each` is
    the label by whose values it is judged apart. One that does not block only warns.
    """

    aggregate: str
    metric: Metric
    where: Where | None = None
    op: Comparison
    limit: float
    unit: Unit
    basis: Basis | None = None
    each: str | None = None
    blocking: bool = True

    @property
    def percentile(self) -> Fraction | None:
        """The share that its percentile stands for, or None if it is another aggregate."""
        return percentile_share(self.aggregate)

    @property
    def figure(self) -> str:
        """The left side: what is compared with the limit."""
        where = f" where {self.where}" if self.where else ""
        return f"{self.aggregate}({self.metric.name}{where})"

    def __str__(self) -> str:
        warn = "" if self.blocking else "warn "
        basis = "" if self.basis is None else f" @ {_format_basis(self.basis)}"
        each = "" if self.each is None else f" for each {self.each}"
        limit = format_limit(self.limit, self.unit)
        return f"{warn}{self.figure} {self.op} {limit}{basis}{each}"


def unit_of_figure(aggregate: str, metric: Metric) -> Unit:
    """What an aggregate of a metric is measured in."""
    if aggregate == "count":
        return Unit.COUNT
    return Unit.SHARE if aggregate in ("rate", "cv") else metric.unit


def _format_basis(basis: Basis) -> str:
    return basis if isinstance(basis, str) else format_limit(basis, Unit.SHARE)
