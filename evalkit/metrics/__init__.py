"""The figures: rows made of a journal, the metrics defined on them, and what they add up to."""

from evalkit.metrics.aggregate import AGGREGATES, aggregate
from evalkit.metrics.build import build
from evalkit.metrics.columns import Columns
from evalkit.metrics.controls import Compared, compared
from evalkit.metrics.definitions import LABEL_VALUES, LABELS, METRICS, Kind, Metric, Unit
from evalkit.metrics.figures import format_figure
from evalkit.metrics.pricing import Priced, Prices, price_table
from evalkit.metrics.rows import CallRow, SessionRow, Tables, TurnRow
from evalkit.metrics.spending import Spent, spending

__all__ = [
    "AGGREGATES",
    "LABELS",
    "LABEL_VALUES",
    "METRICS",
    "CallRow",
    "Columns",
    "Compared",
    "Kind",
    "Metric",
    "Priced",
    "Prices",
    "SessionRow",
    "Spent",
    "Tables",
    "TurnRow",
    "Unit",
    "aggregate",
    "build",
    "compared",
    "format_figure",
    "price_table",
    "spending",
]
