"""The columns of a stored run that figures are taken from, and no others.

A row of the table of calls has some forty columns, and the bodies of events may be long. Only what
metrics and labels name is read, texts as codes, so that a million calls take seconds and some ten
bytes a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from evalkit.metrics.columns import Columns
from evalkit.metrics.controls import PAIRED, WithControls
from evalkit.metrics.definitions import LABELS, METRICS, TableName
from evalkit.store.columns import schema_of, table_of
from evalkit.store.reading import open_part
from evalkit.store.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from evalkit.store.run import Run

_ALWAYS = ("scenario", "session")
_BESIDE: Mapping[TableName, tuple[str, ...]] = MappingProxyType(
    {"sessions": ("reason", "calls"), "calls": ("kind", "priced_by", "priced_as")}
)
"""What is read beside what metrics and labels name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The tables that gates are judged by."""

    calls: Columns
    turns: Columns
    sessions: Columns


def figures_of(run: Run) -> Figures:
    """The figures of a run, in memory. Sessions are compared with those of their controls."""
    controls = {each.name: each.control for each in run.record.scenarios}
    return Figures(
        calls=Columns(_table(run, "calls")),
        turns=Columns(_table(run, "turns")),
        sessions=Columns(WithControls(_table(run, "sessions"), controls)),
    )


def used_columns(table: TableName) -> tuple[str, ...]:
    """The columns of a table that are read, in their order."""
    named = {*_ALWAYS, *LABELS[table], *_BESIDE.get(table, ())}
    own = [each for each in METRICS.values() if each.table == table]
    named |= {each.column for each in own} | {each.unknown for each in own if each.unknown}
    return tuple(each for each in schema_of(TABLES[table]).names if each in named - {*PAIRED})


def _table(run: Run, name: TableName) -> pa.Table:
    import pyarrow as pa

    schema = schema_of(TABLES[name])
    texts = [each.name for each in schema if pa.types.is_string(each.type)]
    used = used_columns(name)
    tables, mend = [], run.mend
    for path in run.parts(name):
        part = open_part(path, codes=texts, mend=mend)
        tables.append(part.read(each for each in used if each in part.columns))
    if not tables:
        return table_of(TABLES[name], ()).select(used)
    return pa.concat_tables(tables, promote_options="default")
