"""A table of a run as lists, column by column: what gates are judged by, without pandas.

A column is read when asked for, and only the last few are kept, so that a run of many sessions
takes the memory of a few columns. Texts that are equal are one object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from evalkit.store.columns import Row

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT = 6


class LazyColumns(Mapping[str, Sequence[Any]]):
    """The columns of a table by name; None stands for a missing value."""

    def __init__(self, row: type[Row], read: Callable[[str], pa.Table]) -> None:
        self._names = tuple(each.name for each in fields(row))
        self._read = read
        self._kept: OrderedDict[str, list[Any]] = OrderedDict()

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._kept:
            self._kept[name] = _listed(self._read(name).column(name))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _listed(column: pa.ChunkedArray) -> list[Any]:
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    if not pa.types.is_string(column.type):
        return values
    known: dict[Any, Any] = {}
    return [known.setdefault(each, each) for each in values]
