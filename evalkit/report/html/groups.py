"""Rows by a label, and what the figures of many rows come to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from evalkit.metrics.aggregate import nearest_rank
from evalkit.metrics.columns import Columns
from evalkit.report.html.view import Spread

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

BINS = 40


def rows_by(table: Columns, column: str) -> dict[str, Values]:
    """The rows of each label of a column."""
    import numpy as np

    labels = table.labels(column)
    order = np.argsort(labels.codes, kind="stable")
    counts: list[int] = np.bincount(labels.codes, minlength=len(labels.texts)).tolist()
    found, begun = {}, 0
    for text, count in zip(labels.texts, counts, strict=True):
        if count:
            found[text] = order[begun : begun + count]
        begun += count
    return found


def known(table: Columns, column: str, rows: Values) -> Values:
    """The figures of these rows that are known."""
    numbers = table.numbers(column)
    return numbers.values[rows[numbers.known[rows]]]


def total_of(table: Columns, column: str, rows: Values) -> float:
    """What the known figures of these rows add up to."""
    values = known(table, column, rows)
    return float(values.sum()) if len(values) else 0.0


def mean_of(table: Columns, column: str, rows: Values) -> float | None:
    """The mean of the known figures of these rows; a share where they are truth values."""
    values = known(table, column, rows)
    return float(values.astype(float).mean()) if len(values) else None


def flags_of(table: Columns, column: str) -> Values:
    """A column of truth values; what is unknown is false."""
    numbers = table.numbers(column)
    return numbers.values.astype(bool) & numbers.known


def range_of(values: Values) -> tuple[float, float]:
    """From where to where a scale has to go to show these values, of which there are some."""
    first, last = max(float(values.min()), 1e3), max(float(values.max()), 2e3)
    return (first / 1.5, last * 1.5) if last < first * 1.2 else (first, last)


def spread_of(values: Values, scale: tuple[float, float] | None = None) -> Spread | None:
    """How values are spread; None where there are none. Percentiles are by nearest rank. The bins
    are of a `scale` that is shared with others, or of their own range.
    """
    import numpy as np

    if not len(values):
        return None
    ordered = np.sort(values)
    first, last = range_of(ordered) if scale is None else scale
    return Spread(
        n=len(ordered),
        **dict(_percentiles(ordered)),
        most=float(ordered[-1]),
        bins=tuple(_bins(ordered, first, last)),
        first=first,
        last=last,
    )


def _percentiles(ordered: Values) -> Iterator[tuple[str, Any]]:
    for percent in (50, 90, 95, 99):
        rank = nearest_rank(len(ordered), Fraction(percent, 100))
        yield f"p{percent}", float(ordered[rank - 1])


def _bins(ordered: Values, first: float, last: float) -> list[int]:
    import numpy as np

    edges = np.geomspace(first, last, BINS + 1)[1:-1]
    places = np.searchsorted(edges, ordered, side="right")
    counts: list[int] = np.bincount(places, minlength=BINS).tolist()
    return counts
