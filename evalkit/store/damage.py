"""Tells what is wrong with a part of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.store.columns import schema_of
from evalkit.store.parts import PART_KEY, owner_of
from evalkit.store.reading import open_part, refuse_later
from evalkit.store.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDED = ("scenario", "session")
"""Columns that the parts of every version have, and by which rows are found."""


def damage(path: Path, table: str, cell: CellKey) -> str | None:
    """What is wrong with the file of a cell's part, as far as its metadata tells; None if nothing.

    A part of an earlier run may lack columns, and the note of what it is of. Raises `UsageError`
    where its tables are of a later version than this.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return f"the part {path} is missing"
    try:
        found = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        return f"{path} is damaged: {error}"
    notes = found.metadata or {}
    refuse_later(path, notes)
    if notes.get(PART_KEY) not in (None, owner_of(table, cell)):
        return f"the part {path} is not that of {cell.scenario}, cell {cell.index}, in {table}"
    wrong = _other_columns(found, schema_of(TABLES[table]))
    return f"{path} is damaged: {wrong}" if wrong else None


def damage_within(path: Path) -> str | None:
    """What is wrong with what a part holds, all of which is read for it; None if nothing is."""
    try:
        open_part(path).verify()
    except UsageError as error:
        return error.message
    return None


def _other_columns(found: pa.Schema, written: pa.Schema) -> str:
    """How the columns of a part differ from those that are written."""
    names = set(found.names)
    wrong = [f"it has no column {each}" for each in _NEEDED if each not in names]
    there = ((each, found.field(each.name).type) for each in written if each.name in names)
    wrong += [
        f"its column {each.name} is of the type {other}, not {each.type}"
        for each, other in there
        if other != each.type
    ]
    return "; ".join(wrong)
