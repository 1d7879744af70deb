"""What a gate or a report makes of a column: one figure of many.

Percentiles are by nearest rank: the p-th percentile of n values is the value at rank ⌈p/100 · n⌉ in
ascending order (p0 is the smallest), so it is always a value that was seen. Then `p90 < T` holds
exactly if at most 10 % of the values are T or more, which is how its confidence is judged too.
Sums are exact for integers and correctly rounded for floats, on any machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
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
    return aggregate_known(name, numbers.values[numbers.known])


def aggregate_known(name: str, values: Values) -> Number | None:
    """The figure that the aggregate makes of an array of which no value is missing."""
    if name == "count":
        return int(values.sum()) if values.dtype == bool else len(values)
    if not len(values):
        return None
    if values.dtype == bool:
        values = values.astype(int)
    share = percentile_share(name)
    return AGGREGATES[name](values) if share is None else percentile(values, share)


def percentile(values: Values, share: Fraction) -> Number:
    """The percentile by nearest rank."""
    return at_ranks(values, [nearest_rank(len(values), share)])[0]


def at_ranks(values: Values, ranks: Sequence[int]) -> list[Number]:
    """The values at these ranks, from 1, in ascending order."""
    import numpy as np

    places = [rank - 1 for rank in ranks]
    ordered = np.partition(values, sorted(set(places)))
    return [_number(ordered[each]) for each in places]


def _mean(values: Values) -> Number:
    return _sum(values) / len(values)


def _sum(values: Values) -> Number:
    if values.dtype.kind == "f":
        return math.fsum(values.tolist())
    largest = max(abs(int(values.min())), abs(int(values.max())))
    return int(values.sum()) if largest * len(values) < _EXACT else sum(values.tolist())


def _stddev(values: Values) -> Number | None:
    """Of the sample: divided by one less than n, so that a single value has none."""
    if len(values) < 2:
        return None
    squares = (values - _mean(values)) ** 2
    return math.sqrt(math.fsum(squares.tolist()) / (len(values) - 1))


def _cv(values: Values) -> Number | None:
    """The standard deviation as a share of the mean."""
    deviation, mean = _stddev(values), _mean(values)
    return None if deviation is None or mean == 0 else deviation / mean


def _number(value: Any) -> Number:
    """A number of numpy as one of Python."""
    plain_number: Number = value.item() if hasattr(value, "item") else value
    return plain_number


AGGREGATES: Mapping[str, Callable[[Values], Number | None]] = MappingProxyType(
    {
        "count": len,
        "rate": _mean,
        "mean": _mean,
        "min": lambda values: _number(values.min()),
        "max": lambda values: _number(values.max()),
        "sum": _sum,
        "stddev": _stddev,
        "cv": _cv,
    }
)
"""The aggregates by name, beside the percentiles p0 to p100."""
