"""The tables of a run, in the order in which a cell's parts are put in place.

What their columns mean is written in `schema.md` beside this module; a test holds it to the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.metrics import CallRow, SessionRow, TurnRow
from evalkit.store.columns import Row
from evalkit.store.events import EventRow

SCHEMA = 1
"""The version of the tables. It goes up when a column changes its meaning or its type, or goes:
who reads by name need not care for a column that comes."""

LAST = "sessions"
"""A cell is complete when its part of this table is in place."""

TABLES: Mapping[str, type[Row]] = MappingProxyType(
    {"calls": CallRow, "turns": TurnRow, "events": EventRow, LAST: SessionRow}
)
