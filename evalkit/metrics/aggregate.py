"""What a gate or a report makes of a column: one figure of many.

Percentiles are by nearest rank: the p-th percentile of n values is the value at rank ⌈p/100 · n⌉ in
ascending order (p0 is the smallest), so it is always a value that was seen. Then `p90 < T` holds
exactly if at most 10 % of the values are T or more, which is how its confidence is judged too.
Sums are exact for integers and correctly rounded for floats, on any machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from evalkit.metrics.columns import numbers_of, plain

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

Number: TypeAlias = int | float

_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,6})?)")
_EXACT = 2**62  # what a sum of 64-bit integers may reach


def present(column: Any) -> list[Any]:
    """The values of a column (of pandas, numpy, or any sequence) that are not missing."""
    return [each for each in plain(column) if each is not None]


def percentile_share(name: str) -> Fraction | None:
    """The share that a percentile's name stands for (`p90`: 9/10), or None if it is none."""
    found = _PERCENTILE.fullmatch(name)
    share = Fraction(found[1]) / 100 if found else None
    return share if share is not None and share <= 1 else None


def nearest_rank(n: int, share: Fraction) -> int:
    """The rank, from 1, of this percentile among n values."""
    return max(1, math.ceil(share * n))


def aggregate(name: str, column: Any) -> Number | None:
    """The figure that the aggregate makes of a column; None where there is none.

    `count` counts the true values of a boolean column and all values of another. Missing values
    are left out.
    """
    numbers = numbers_of(column)
    return Measured(numbers.values[numbers.known]).figure(name)


class Measured:
    """Values of which none is missing; what several figures are made of is made once."""

    def __init__(self, values: Values) -> None:
        self._values = values.astype(int) if values.dtype == bool else values
        self._boolean = values.dtype == bool

    def figure(self, name: str) -> Number | None:
        """The figure that the aggregate makes of them; None where there is none."""
        if name == "count":
            return self.sum if self._boolean else len(self._values)
        if not len(self._values):
            return None
        share = percentile_share(name)
        return AGGREGATES[name](self) if share is None else self.percentile(share)

    def percentile(self, share: Fraction) -> Number:
        """The percentile by nearest rank."""
        return self.at(nearest_rank(len(self._values), share))

    def at(self, rank: int) -> Number:
        """The value at this rank, from 1, in ascending order."""
        return _number(self._ordered[rank - 1])

    @cached_property
    def sum(self) -> Number:
        """Their sum."""
        values = self._values
        if not len(values):
            return 0
        if values.dtype.kind == "f":
            return math.fsum(values.tolist())
        largest = max(abs(int(values.min())), abs(int(values.max())))
        return int(values.sum()) if largest * len(values) < _EXACT else sum(values.tolist())

    @property
    def mean(self) -> Number:
        """Their mean."""
        return self.sum / len(self._values)

    @cached_property
    def stddev(self) -> Number | None:
        """Of the sample: divided by one less than n, so that a single value has none."""
        if len(self._values) < 2:
            return None
        squares = (self._values - self.mean) ** 2
        return math.sqrt(math.fsum(squares.tolist()) / (len(squares) - 1))

    @property
    def cv(self) -> Number | None:
        """The standard deviation as a share of the mean."""
        deviation, mean = self.stddev, self.mean
        return None if deviation is None or mean == 0 else deviation / mean

    @cached_property
    def _ordered(self) -> Values:
        import numpy as np

        ordered: Values = np.sort(self._values)
        return ordered


def _number(value: Any) -> Number:
    """A number of numpy as one of Python."""
    plain_number: Number = value.item() if hasattr(value, "item") else value
    return plain_number


AGGREGATES: Mapping[str, Callable[[Measured], Number | None]] = MappingProxyType(
    {
        "count": lambda own: own.figure("count"),
        "rate": lambda own: own.mean,
        "mean": lambda own: own.mean,
        "min": lambda own: own.at(1),
        "max": lambda own: own.percentile(Fraction(1)),
        "sum": lambda own: own.sum,
        "stddev": lambda own: own.stddev,
        "cv": lambda own: own.cv,
    }
)
"""The aggregates by name, beside the percentiles p0 to p100."""
