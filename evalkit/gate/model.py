"""A gate as it is understood: what `evalkit.gate.expression` reads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from evalkit.gate.limit import format_limit
from evalkit.gate.tokens import quoted
from evalkit.metrics.aggregate import percentile_share
from evalkit.metrics.definitions import Metric, Unit

Comparison: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]
LabelOp: TypeAlias = Literal["=", "!="]
Basis: TypeAlias = float | Literal["observed"]

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a row's labels. The value `none` means that the row has no such label."""

    label: str
    op: LabelOp
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quoted(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate as it was read. `limit` is in nanoseconds, a share of 1, US dollars, or a number.

    `basis` is the confidence asked for, `observed`, or None where the gate says neither.
    """

    aggregate: str
    metric: Metric
    where: tuple[Condition, ...] = ()
    op: Comparison
    limit: float
    unit: Unit
    basis: Basis | None = None

    @property
    def percentile(self) -> Fraction | None:
        """The share that its percentile stands for, or None if it is another aggregate."""
        return percentile_share(self.aggregate)

    @property
    def figure(self) -> str:
        """The left side: what is compared with the limit."""
        where = f" where {' and '.join(map(str, self.where))}" if self.where else ""
        return f"{self.aggregate}({self.metric.name}{where})"

    def __str__(self) -> str:
        text = f"{self.figure} {self.op} {format_limit(self.limit, self.unit)}"
        return text if self.basis is None else f"{text} @ {_format_basis(self.basis)}"


def unit_of_figure(aggregate: str, metric: Metric) -> Unit:
    """What an aggregate of a metric is measured in."""
    if aggregate == "count":
        return Unit.COUNT
    return Unit.SHARE if aggregate in ("rate", "cv") else metric.unit


def _format_basis(basis: Basis) -> str:
    return basis if isinstance(basis, str) else format_limit(basis, Unit.SHARE)
