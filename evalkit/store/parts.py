"""Parts: one Parquet file per cell and table, whole or not there, and what is noted in them.

The metadata of every part holds the version of the tables (`evalkit.schema`), and which table and
cell it is of (`evalkit.part`); that of a `sessions` part also what came of its cell
(`evalkit.cell`), so that nothing of it is lost with the process that waited for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.events import CellKey
from evalkit.store.folder import RECORD
from evalkit.store.reading import SCHEMA_KEY
from evalkit.store.tables import SCHEMA, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

_CELL_KEY = b"evalkit.cell"
PART_KEY = b"evalkit.part"


@dataclass(frozen=True, slots=True)
class KeptCrash:
    """A check that crashed over a session, or over the cell as a whole."""

    check: str
    session: str | None
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCell:
    """What came of a cell that was run to its end. `virtual_ns` is the world time it took, `loaded`
    names those files of the run that were read for it, None where that is not known.
    """

    digest: str
    sessions: int
    virtual_ns: int
    crashes: tuple[KeptCrash, ...] = ()
    stopped: str | None = None
    loaded: tuple[str, ...] | None = None


def put(
    tables: Iterable[pa.Table],
    path: Path,
    cell: KeptCell | None = None,
    *,
    of: CellKey | None = None,
) -> None:
    """Write a part under a temporary name, each table as a row group as it comes, then give it its
    own name. There is one table at least; `of` is the cell that they are of.
    """
    notes = {SCHEMA_KEY: str(SCHEMA).encode()}
    if cell is not None:
        notes[_CELL_KEY] = json.dumps(asdict(cell)).encode()
    if of is not None:
        notes[PART_KEY] = owner_of(path.parent.name, of)
    path.parent.mkdir(exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(tables, written, notes)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    written.replace(path)


def _write(tables: Iterable[pa.Table], path: Path, notes: Mapping[bytes, bytes]) -> None:
    import pyarrow.parquet as pq

    groups = iter(tables)
    first = next(groups).replace_schema_metadata(notes)
    with pq.ParquetWriter(
        path, first.schema, compression="zstd", write_page_checksum=True
    ) as writer:
        for each in chain((first,), groups):
            writer.write_table(each)


def owner_of(table: str, cell: CellKey) -> bytes:
    """What the metadata of a part says of which table and cell it is."""
    return json.dumps([table, cell.scenario, cell.index]).encode()


def sweep(folder: Path) -> None:
    """Remove what a killed run had not written to its end."""
    for table in TABLES:
        for path in (folder / table).glob(".*"):
            path.unlink(missing_ok=True)
    for path in folder.glob(f".{RECORD}.*"):
        path.unlink(missing_ok=True)


def read_cell(path: Path) -> KeptCell | None:
    """What a `sessions` part says of its cell; None where it says nothing or is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        note = (pq.read_schema(path).metadata or {}).get(_CELL_KEY)
    except (OSError, pa.ArrowInvalid):
        return None
    if note is None:
        return None
    told = json.loads(note)
    crashes = tuple(KeptCrash(**each) for each in told.pop("crashes"))
    loaded = told.pop("loaded", None)
    return KeptCell(**told, crashes=crashes, loaded=None if loaded is None else tuple(loaded))
