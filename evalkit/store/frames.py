"""Columns that are computed when a run is read, as pandas has those that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def series_of(columns: Mapping[str, list[Any]]) -> dict[str, pd.Series[Any]]:
    """The columns as series: times as whole nanoseconds, where known, and the others as floats."""
    import pandas as pd

    return {
        name: pd.Series(values, dtype="Int64" if name.endswith("_ns") else "float64")
        for name, values in columns.items()
    }
