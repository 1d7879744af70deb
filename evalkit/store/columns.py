"""Frozen row dataclasses as Parquet tables, with a schema that follows from their annotations.

The schema is explicit because inference would make it depend on the rows: a part whose sessions had
no error would get another type for `error` than its neighbours. pyarrow is imported when used.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from itertools import accumulate, groupby, islice
from operator import attrgetter
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Protocol,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from evalkit.store.arrays import array_of

if TYPE_CHECKING:
    import pyarrow as pa


ROW_GROUP = 20_000
"""Rows that are made into columns at a time, and stand together in a part."""

_MOST_SLICES = 1_000

Change: TypeAlias = Callable[[str], str]


class Row(Protocol):
    """A frozen dataclass whose fields are the columns of a table."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


@cache
def schema_of(row: type[Row]) -> pa.Schema:
    """The Parquet schema of a row type."""
    import pyarrow as pa

    hints = get_type_hints(row)
    return pa.schema([_field(each.name, hints[each.name]) for each in fields(row)])


def _field(name: str, hint: Any) -> pa.Field:
    import pyarrow as pa

    inner, nullable = _without_none(hint)
    return pa.field(name, _type(inner), nullable=nullable)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """The type of an `X | None`, and whether None was allowed."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    rest = [each for each in get_args(hint) if each is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"a column cannot hold {hint}")
    return rest[0], len(rest) < len(get_args(hint))


def _type(hint: Any) -> pa.DataType:
    import pyarrow as pa

    scalars = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
        bytes: pa.large_binary(),  # the bodies of a cell may add up to more than 2 GB
    }
    if hint in scalars:
        return scalars[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return pa.string()
    if get_origin(hint) is tuple and len(args := get_args(hint)) == 2 and args[1] is Ellipsis:
        return pa.list_(_type(args[0]))
    raise TypeError(f"a column cannot hold {hint}")


def table_of(
    row: type[Row], rows: Sequence[Row], change: Callable[[str], Change | None] | None = None
) -> pa.Table:
    """A table of these rows. `change` says by a column's name how its texts are changed."""
    import pyarrow as pa

    schema = schema_of(row)
    arrays = [_column(each, rows, change and change(each.name)) for each in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def tables_of(
    row: type[Row], rows: Iterable[Row], change: Callable[[str], Change | None] | None = None
) -> Iterator[pa.Table]:
    """Tables of `ROW_GROUP` rows each, the last of fewer; one at least. See `table_of`."""
    rest = iter(rows)
    group = tuple(islice(rest, ROW_GROUP))
    while True:
        following = tuple(islice(rest, ROW_GROUP))
        yield table_of(row, group, change)
        if not following:
            return
        group = following


def _column(field: pa.Field, rows: Sequence[Row], change: Change | None) -> pa.Array:
    import pyarrow as pa

    values = list(map(attrgetter(field.name), rows))
    if change is not None and pa.types.is_string(field.type):
        values = [None if each is None else change(each) for each in values]
    return array_of(field.type, values)


def concatenated(
    row: type[Row], tables: Iterable[pa.Table], columns: Collection[str] | None = None
) -> pa.Table:
    """The tables one after the other, of all columns or of these; an empty one with the right
    columns where there is none.
    """
    import pyarrow as pa

    empty = table_of(row, ())
    empty = empty if columns is None else empty.select(list(columns))
    return pa.concat_tables([empty, *tables], promote_options="permissive")


def where(table: pa.Table, column: str, allowed: Callable[[Any], bool]) -> pa.Table:
    """The rows whose value in this column is allowed."""
    import pyarrow as pa

    values = table.column(column).to_pylist()
    flags = [allowed(each) for each in values]
    if all(flags):
        return table
    runs = [(kept, len(list(group))) for kept, group in groupby(flags)]
    if len(runs) > _MOST_SLICES:
        return table.filter(array_of(pa.bool_(), flags))
    # Slices cost nothing; pyarrow's functions are a third of a second to import.
    starts = accumulate((length for _, length in runs), initial=0)
    parts = [table.slice(at, n) for at, (kept, n) in zip(starts, runs, strict=False) if kept]
    return pa.concat_tables(parts) if parts else table.slice(0, 0)
