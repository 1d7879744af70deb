"""Parts: one Parquet file per cell and table, whole or not there, and what is noted in them.

The metadata of every part holds the version of the tables (`evalkit.schema`), and which table and
cell it is of (`evalkit.part`); that of a `sessions` part also what came of its cell
(`evalkit.cell`), so that nothing of it is lost with the process that waited for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.store.columns import schema_of, where
from evalkit.store.folder import RECORD
from evalkit.store.tables import SCHEMA, TABLES

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_SCHEMA_KEY = b"evalkit.schema"
_CELL_KEY = b"evalkit.cell"
_PART_KEY = b"evalkit.part"
_NEEDED = ("scenario", "session")
"""Columns that the parts of every version have, and by which rows are found."""


@dataclass(frozen=True, slots=True)
class KeptCrash:
    """A check that crashed over a session, or over the cell as a whole."""

    check: str
    session: str | None
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCell:
    """What came of a cell that was run to its end. `virtual_ns` is the world time it took."""

    digest: str
    sessions: int
    virtual_ns: int
    crashes: tuple[KeptCrash, ...] = ()
    stopped: str | None = None


def put(
    table: pa.Table, path: Path, cell: KeptCell | None = None, *, of: CellKey | None = None
) -> None:
    """Write a part under a temporary name, then give it its own. `of` is the cell it is of."""
    import pyarrow.parquet as pq

    notes = {_SCHEMA_KEY: str(SCHEMA).encode()}
    if cell is not None:
        notes[_CELL_KEY] = json.dumps(asdict(cell)).encode()
    if of is not None:
        notes[_PART_KEY] = _owner(path.parent.name, of)
    path.parent.mkdir(exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table.replace_schema_metadata(notes), written, compression="zstd")
    written.replace(path)


def _owner(table: str, cell: CellKey) -> bytes:
    return json.dumps([table, cell.scenario, cell.index]).encode()


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
    _refuse_later(path, notes)
    if notes.get(_PART_KEY) not in (None, _owner(table, cell)):
        return f"the part {path} is not that of {cell.scenario}, cell {cell.index}, in {table}"
    wrong = _other_columns(found, schema_of(TABLES[table]))
    return f"{path} is damaged: {wrong}" if wrong else None


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


def sweep(folder: Path) -> None:
    """Remove what a killed run had not written to its end."""
    for table in TABLES:
        for path in (folder / table).glob(".*"):
            path.unlink(missing_ok=True)
    for path in folder.glob(f".{RECORD}.*"):
        path.unlink(missing_ok=True)


def open_part(path: Path, *, codes: Collection[str] = ()) -> pq.ParquetFile:
    """A part, opened; texts in these columns are read as codes.

    A part of an earlier run may lack some of them. Raises `UsageError` where its tables are of a
    later version than this.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(path)  # read once: it takes longer than a small table
        coded = set(codes) & set(footer.schema.to_arrow_schema().names) if codes else None
        part = pq.ParquetFile(
            path, metadata=footer, read_dictionary=sorted(coded) if coded else None
        )
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path} is damaged: {error}") from None
    _refuse_later(path, _notes(part))
    return part


def _refuse_later(path: Path, notes: Mapping[bytes, bytes]) -> None:
    version = int(notes.get(_SCHEMA_KEY, b"1"))
    if version > SCHEMA:
        message = f"{path} holds tables of version {version}; this evalkit reads up to {SCHEMA}"
        raise UsageError(message, hint="read it with the evalkit that wrote it, or a later one")


def read_cell(path: Path) -> KeptCell | None:
    """What a `sessions` part says of its cell; None where it says nothing or is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        note = _notes(pq.ParquetFile(path)).get(_CELL_KEY)
    except (OSError, pa.ArrowInvalid):
        return None
    if note is None:
        return None
    told = json.loads(note)
    crashes = tuple(KeptCrash(**each) for each in told.pop("crashes"))
    return KeptCell(**told, crashes=crashes)


def _notes(part: pq.ParquetFile) -> Mapping[bytes, bytes]:
    return part.schema_arrow.metadata or {}


def read(path: Path, columns: Collection[str] | None = None) -> pa.Table:
    """The rows of a part, with these columns or with all, and without its notes.

    A column that the part of an earlier run lacks has no values.
    """
    import pyarrow as pa

    part = open_part(path)
    if columns is None:
        return part.read().replace_schema_metadata()
    there = [each for each in columns if each in part.schema.names]
    table, rows = part.read(there).replace_schema_metadata(), part.metadata.num_rows
    for name in columns:
        if name not in there:
            nothing = pa.nulls(rows)
            table = table.append_column(name, nothing) if there else pa.table({name: nothing})
            there.append(name)
    return table


def read_where(path: Path, wanted: Mapping[str, Collection[str | None]]) -> pa.Table | None:
    """The rows of a part whose values in these columns are wanted; None where there is none.

    Only these columns are read to find that out: most parts hold none of what is looked for.
    """
    part = open_part(path)
    if wanted:
        keys = part.read(list(wanted))
        for column, values in wanted.items():
            keys = where(keys, column, values.__contains__)
        if not keys.num_rows:
            return None
    table = part.read().replace_schema_metadata()
    for column, values in wanted.items():
        table = where(table, column, values.__contains__)
    return table
