from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.store.arrays import array_of

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "large_binary": st.binary(),
}


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_an_array_is_what_pyarrow_makes_of_the_values(name: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[name], max_size=40))
    made = array_of(pa.type_for_alias(name), values)
    made.validate(full=True)
    assert made.equals(pa.array(values, type=pa.type_for_alias(name)))
    assert made.to_pylist() == values


@given(st.lists(st.none() | st.lists(st.none() | st.integers(0, 9), max_size=5), max_size=12))
def test_lists_are_what_pyarrow_makes_of_them(values: list[Any]) -> None:
    type_ = pa.list_(pa.int64())
    made = array_of(type_, values)
    made.validate(full=True)
    assert made.equals(pa.array(values, type=type_))


@pytest.mark.parametrize("number", [2**63, "1", 1.5])
def test_what_does_not_fit_is_refused(number: Any) -> None:
    with pytest.raises((OverflowError, TypeError)):
        array_of(pa.int64(), [number])
