"""Reads the parts of a run: one Parquet file per cell and table.

Every page of a part has a checksum, which is looked at when the page is read, so that nothing that
went wrong on a disk becomes a figure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import UsageError
from evalkit.store.columns import where
from evalkit.store.tables import SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SCHEMA_KEY = b"evalkit.schema"
"""Where the metadata of a part holds the version of the tables."""


class Part:
    """A part, opened, with these `columns`: that of an earlier run may lack some. `mend` says what
    can be done about one that is damaged.
    """

    def __init__(
        self, path: Path, file: pq.ParquetFile, columns: frozenset[str], mend: str | None
    ) -> None:
        self.columns = columns
        self._path = path
        self._file = file
        self._mend = mend

    @property
    def rows(self) -> int:
        """How many rows it was written with."""
        number: int = self._file.metadata.num_rows
        return number

    def read(self, columns: Iterable[str] | None = None, *, threads: bool = True) -> pa.Table:
        """Its rows, with these of its columns or with all, and without its notes. Raises
        `UsageError` where it is damaged.
        """
        names = None if columns is None else list(columns)
        with _damage_told(self._path, self._mend):
            table = self._file.read(names, use_threads=threads).replace_schema_metadata()
        if table.num_columns and table.num_rows != self.rows:
            message = f"{self._path} is damaged: it has {table.num_rows} of {self.rows} rows"
            raise UsageError(message, hint=self._mend)
        return table

    def verify(self) -> None:
        """Read all of it, and keep nothing. Raises `UsageError` where it is damaged."""
        with _damage_told(self._path, self._mend):
            rows = sum(each.num_rows for each in self._file.iter_batches())
        if rows != self.rows:
            message = f"{self._path} is damaged: it has {rows} of {self.rows} rows"
            raise UsageError(message, hint=self._mend)


@contextmanager
def _damage_told(path: Path, mend: str | None) -> Iterator[None]:
    """Say which part it was that could not be read."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(f"{path} is damaged: {told[0]}", hint=mend) from None


def open_part(path: Path, *, codes: Collection[str] = (), mend: str | None = None) -> Part:
    """A part, opened; texts in these columns are read as codes.

    A part of an earlier run may lack some of them. Raises `UsageError` where it is damaged, or its
    tables are of a later version than this.
    """
    import pyarrow.parquet as pq

    with _damage_told(path, mend):
        footer = pq.read_metadata(path)  # read once: it takes longer than a small table
        schema = footer.schema.to_arrow_schema()
        columns = frozenset(schema.names)
        coded = columns.intersection(codes)
        file = pq.ParquetFile(
            path,
            metadata=footer,
            read_dictionary=sorted(coded) if coded else None,
            page_checksum_verification=True,
        )
    refuse_later(path, footer.metadata or {})
    return Part(path, file, columns, mend)


def refuse_later(path: Path, notes: Mapping[bytes, bytes]) -> None:
    """Raise `UsageError` where a part's tables are of a later version than this."""
    version = int(notes.get(SCHEMA_KEY, b"1"))
    if version > SCHEMA:
        message = f"{path} holds tables of version {version}; this evalkit reads up to {SCHEMA}"
        raise UsageError(message, hint="read it with the evalkit that wrote it, or a later one")


def read(
    path: Path, columns: Collection[str] | None = None, *, mend: str | None = None
) -> pa.Table:
    """The rows of a part, with these columns or with all, and without its notes.

    A column that the part of an earlier run lacks has no values.
    """
    import pyarrow as pa

    part = open_part(path, mend=mend)
    if columns is None:
        return part.read()
    there = [each for each in columns if each in part.columns]
    table = part.read(there)
    for name in columns:
        if name not in there:
            nothing = pa.nulls(part.rows)
            table = table.append_column(name, nothing) if there else pa.table({name: nothing})
            there.append(name)
    return table


def read_where(
    path: Path, wanted: Mapping[str, Collection[str | None]], *, mend: str | None = None
) -> pa.Table | None:
    """The rows of a part whose values in these columns are wanted; None where there is none.

    Only these columns are read to find that out: most parts hold none of what is looked for.
    """
    part = open_part(path, mend=mend)
    if wanted:
        keys = part.read(wanted)
        for column, values in wanted.items():
            keys = where(keys, column, values.__contains__)
        if not keys.num_rows:
            return None
    table = part.read()
    for column, values in wanted.items():
        table = where(table, column, values.__contains__)
    return table
