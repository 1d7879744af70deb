"""What a gate or a report makes of a column: one figure of many.

Percentiles are by nearest rank: the p-th percentile of n values is the value at rank ⌈p/100 · n⌉ in
ascending order (p0 is the smallest), so it is always a value that was seen. Then `p90 < T` holds
exactly if at most 10 % of the values are T or more, which is how its confidence is judged too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

Number: TypeAlias = int | float

_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,6})?)")


def present(column: Any) -> list[Any]:
    """The values of a column (of pandas, numpy, or any sequence) that are not missing."""
    return [each for each in plain(column) if each is not None]


def plain(column: Any) -> list[Any]:
    """The values of a column as a list, with None where a value is missing."""
    if hasattr(column, "isna"):
        pairs = zip(column.tolist(), column.isna().tolist(), strict=True)
        return [None if missing else value for value, missing in pairs]
    values: Iterable[Any] = column.tolist() if hasattr(column, "tolist") else column
    return [None if each is None or each != each else each for each in values]


def percentile_share(name: str) -> Fraction | None:
    """The share that a percentile's name stands for (`p90`: 9/10), or None if it is none."""
    found = _PERCENTILE.fullmatch(name)
    share = Fraction(found[1]) / 100 if found else None
    return share if share is not None and share <= 1 else None


def nearest_rank(n: int, share: Fraction) -> int:
    """The rank, from 1, of this percentile among n values."""
    return max(1, math.ceil(share * n))


def aggregate(name: str, values: Iterable[Any]) -> Number | None:
    """The figure that the aggregate makes of these values; None where there is none.

    `count` counts the true values of a boolean column and all values of another. Missing values
    are left out.
    """
    kept = present(values)
    if name == "count":
        return sum(each is not False for each in kept)
    if not kept:
        return None
    share = percentile_share(name)
    if share is not None:
        return _number(sorted(kept)[nearest_rank(len(kept), share) - 1])
    return AGGREGATES[name](kept)


def _mean(values: Sequence[Number]) -> Number:
    return _sum(values) / len(values)


def _sum(values: Sequence[Number]) -> Number:
    """Exact for integers, and correctly rounded for floats."""
    return sum(values) if all(isinstance(each, int) for each in values) else math.fsum(values)


def _stddev(values: Sequence[Number]) -> Number | None:
    """Of the sample: divided by one less than n, so that a single value has none."""
    if len(values) < 2:
        return None
    mean = _mean(values)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in values) / (len(values) - 1))


def _cv(values: Sequence[Number]) -> Number | None:
    """The standard deviation as a share of the mean."""
    deviation, mean = _stddev(values), _mean(values)
    return None if deviation is None or mean == 0 else deviation / mean


def _number(value: Number) -> Number:
    return int(value) if isinstance(value, bool) else value


AGGREGATES: Mapping[str, Callable[[Sequence[Number]], Number | None]] = MappingProxyType(
    {
        "count": len,
        "rate": _mean,
        "mean": _mean,
        "min": min,
        "max": max,
        "sum": _sum,
        "stddev": _stddev,
        "cv": _cv,
    }
)
"""The aggregates by name, beside the percentiles p0 to p100."""
