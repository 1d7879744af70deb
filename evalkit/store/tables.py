"""The tables of a run, in the order in which a cell's parts are put in place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.metrics import CallRow, SessionRow, TurnRow
from evalkit.store.columns import Row
from evalkit.store.events import EventRow

LAST = "sessions"
"""A cell is complete when its part of this table is in place."""

TABLES: Mapping[str, type[Row]] = MappingProxyType(
    {"calls": CallRow, "turns": TurnRow, "events": EventRow, LAST: SessionRow}
)
