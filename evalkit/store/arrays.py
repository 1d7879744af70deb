"""Arrow arrays made of Python values, buffer by buffer.

`pyarrow.array` would do, but imports pandas to see whether what it is given is a Series: a second
of every process that writes a cell.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def array_of(type_: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """An array of this type. None stands for a missing value."""
    import pyarrow as pa

    present = [each is not None for each in values]
    missing = len(values) - sum(present)
    validity = bits(present) if missing else None
    if pa.types.is_list(type_):
        offsets = _offsets(0 if each is None else len(each) for each in values)
        items = array_of(type_.value_type, [item for each in values for item in each or ()])
        buffers, children = [validity, offsets], [items]
    else:
        buffers, children = [validity, *_buffers(type_, values)], None
    return pa.Array.from_buffers(type_, len(values), buffers, missing, 0, children)


def _buffers(type_: pa.DataType, values: Sequence[Any]) -> list[pa.Buffer]:
    import pyarrow as pa

    if pa.types.is_boolean(type_):
        return [bits(values)]
    if pa.types.is_string(type_) or pa.types.is_large_binary(type_):
        encoded = [_encoded(each) for each in values]
        wide = pa.types.is_large_binary(type_)
        return [_offsets(map(len, encoded), wide=wide), pa.py_buffer(b"".join(encoded))]
    code = "d" if pa.types.is_floating(type_) else "q"
    return [pa.py_buffer(array(code, [0 if each is None else each for each in values]).tobytes())]


def _encoded(value: str | bytes | None) -> bytes:
    """The bytes of a value. Lone surrogates, which JSON can carry and UTF-8 cannot, become `?`."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else value or b""


def _offsets(lengths: Iterable[int], *, wide: bool = False) -> pa.Buffer:
    """Where each value begins and the last one ends, in 64 bits or in 32."""
    import pyarrow as pa

    return pa.py_buffer(array("q" if wide else "i", accumulate(lengths, initial=0)).tobytes())


def bits(flags: Sequence[Any]) -> pa.Buffer:
    """A bit for each flag, the lowest of a byte first."""
    import pyarrow as pa

    packed = bytearray((len(flags) + 7) // 8)
    for at, flag in enumerate(flags):
        if flag:
            packed[at >> 3] |= 1 << (at & 7)
    return pa.py_buffer(bytes(packed))
