"""Columns as arrays, whatever they come from: pandas, pyarrow, or plain sequences.

A column of numbers is an array and which of its values are known; a column of labels is an array of
codes and the text of each. Both are made once per table and kept, so that a gate over a million
calls takes milliseconds. numpy is imported when used.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from evalkit.metrics.definitions import NONE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[Any]
    Flags: TypeAlias = NDArray[np.bool_]
    Codes: TypeAlias = NDArray[np.intp]


class Table(Protocol):
    """Columns by their names: a pandas frame, or a mapping of sequences."""

    def __getitem__(self, column: str, /) -> Any:
        """A column. Raises `KeyError` where there is none of this name."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Numbers or truth values, and which of them are known. What is not known may be anything."""

    values: Values
    known: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The label of each row as a code, and the text of each code; `none` where it has none."""

    codes: Codes
    texts: tuple[str, ...]


class Columns:
    """A table's columns as arrays, each made when first asked for and kept. `memory` is for what
    was last made of them, by name.

    A column that the table does not have is one without a value: older runs have fewer.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self.memory: dict[str, tuple[Hashable, Any]] = {}
        self._numbers: dict[str, Numbers] = {}
        self._labels: dict[str, Labels] = {}

    @classmethod
    def of(cls, table: Table | Columns) -> Columns:
        """The columns of a table, or these if that is what they are."""
        return table if isinstance(table, Columns) else cls(table)

    def __getitem__(self, column: str) -> Any:
        """A column as the table has it."""
        return self._table[column]

    def numbers(self, column: str) -> Numbers:
        """A column of numbers or of truth values."""
        if column not in self._numbers:
            self._numbers[column] = numbers_of(self._whole(column))
        return self._numbers[column]

    def labels(self, column: str) -> Labels:
        """A column of texts or of truth values."""
        if column not in self._labels:
            self._labels[column] = labels_of(self._whole(column))
        return self._labels[column]

    def _whole(self, column: str) -> Any:
        try:
            return self._table[column]
        except KeyError:
            return [None] * len(self._table["session"])


def plain(column: Any) -> list[Any]:
    """The values of a column as a list, with None where a value is missing."""
    if hasattr(column, "to_pylist"):
        values: Sequence[Any] = column.to_pylist()
        return list(values)
    if hasattr(column, "isna"):
        pairs = zip(column.tolist(), column.isna().tolist(), strict=True)
        return [None if missing else value for value, missing in pairs]
    values = column.tolist() if hasattr(column, "tolist") else column
    return [None if each is None or each != each else each for each in values]


def numbers_of(column: Any) -> Numbers:
    """A column of numbers or of truth values as an array."""
    import numpy as np

    if hasattr(column, "combine_chunks"):  # of pyarrow
        parts = [(_values(each), _known(each)) for each in column.chunks]
        return _joined(parts) if parts else Numbers(np.zeros(0), np.zeros(0, dtype=bool))
    values = plain(column)
    known = np.fromiter((each is not None for each in values), dtype=bool, count=len(values))
    zero = next((type(each)() for each in values if each is not None), 0)
    return Numbers(np.array([zero if each is None else each for each in values]), known)


def _joined(parts: Sequence[tuple[Values, Flags]]) -> Numbers:
    import numpy as np

    values, known = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Numbers(values, known)


def labels_of(column: Any) -> Labels:
    """A column of texts or of truth values as codes."""
    import numpy as np

    if hasattr(column, "combine_chunks"):
        return _encoded(column)
    texts = [text_of(each) for each in plain(column)]
    known = {each: code for code, each in enumerate(dict.fromkeys(texts))}
    codes = np.fromiter((known[each] for each in texts), dtype=np.intp, count=len(texts))
    return Labels(codes, tuple(known))


def _encoded(column: Any) -> Labels:
    """A column of pyarrow as codes; the code of a missing value comes last."""
    import numpy as np

    encoded = column if "dictionary" in str(column.type) else column.dictionary_encode()
    encoded = encoded.unify_dictionaries()
    if not encoded.num_chunks:
        return Labels(np.zeros(0, dtype=np.intp), ())
    texts = tuple(text_of(each) for each in encoded.chunk(0).dictionary.to_pylist())
    parts = [
        np.where(_known(each), _values(each.indices), len(texts)).astype(np.intp)
        for each in encoded.chunks
    ]
    return Labels(np.concatenate(parts), (*texts, NONE))


def _known(chunk: Any) -> Flags:
    """Which values of an array of pyarrow are there."""
    import numpy as np

    validity = chunk.buffers()[0]
    if validity is None:
        return np.full(len(chunk), chunk.null_count == 0)
    return _bits(validity, chunk.offset, len(chunk))


def _values(chunk: Any) -> Values:
    """The values of an array of pyarrow as they lie in memory; where one is missing, anything.

    pyarrow's own ways of filling what is missing import pandas, which takes a second.
    """
    import numpy as np

    kind, data = str(chunk.type), chunk.buffers()[-1]
    if data is None:
        return np.zeros(len(chunk))
    if kind == "bool":
        return _bits(data, chunk.offset, len(chunk))
    numpy_type = {"double": "float64"}.get(kind, kind)
    values: Values = np.frombuffer(data, dtype=numpy_type)
    return values[chunk.offset : chunk.offset + len(chunk)]


def _bits(data: Any, offset: int, length: int) -> Flags:
    import numpy as np

    packed = np.frombuffer(data, dtype=np.uint8)
    bits = np.unpackbits(packed, bitorder="little", count=offset + length)
    flags: Flags = bits[offset:].astype(bool)
    return flags


def text_of(value: object) -> str:
    """How the value of a label is called."""
    if value is None:
        return NONE
    return str(value).lower() if isinstance(value, bool) else str(value)
