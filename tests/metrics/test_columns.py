"""Columns are the same whatever they come from."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.columns import Columns, labels_of, numbers_of, plain

NUMBERS = st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=30)
FLAGS = st.lists(st.none() | st.booleans(), max_size=30)
TEXTS = st.lists(st.none() | st.sampled_from(["crm", "llm", "", "none", "é"]), max_size=30)


def chunked(values: list[Any], kind: pa.DataType, cut: int) -> pa.ChunkedArray:
    """The values in chunks, of which one begins in the middle of its buffers."""
    whole = pa.array([None, *values], type=kind)
    return pa.chunked_array([whole[1 : 1 + cut], whole[1 + cut :]], type=kind)


def known(column: Any) -> list[Any]:
    """The values as a list, None where there is none."""
    found = numbers_of(column)
    pairs = zip(found.values.tolist(), found.known.tolist(), strict=True)
    return [value if there else None for value, there in pairs]


def named(column: Any) -> list[str]:
    """The texts of the labels, row by row."""
    found = labels_of(column)
    return [found.texts[each] for each in found.codes.tolist()]


@given(NUMBERS, st.integers(0, 30))
def test_numbers_of_arrow_and_of_lists(values: list[int | None], cut: int) -> None:
    assert known(chunked(values, pa.int64(), cut)) == values == known(values)


@given(FLAGS, st.integers(0, 30))
def test_truth_values_are_numbers_and_labels(values: list[bool | None], cut: int) -> None:
    words = [{None: "none", True: "true", False: "false"}[each] for each in values]
    column = chunked(values, pa.bool_(), cut)
    assert known(column) == values == known(values)
    assert named(column) == words == named(values)


@given(TEXTS, st.integers(0, 30))
def test_labels_of_arrow_of_codes_and_of_lists(values: list[str | None], cut: int) -> None:
    words = ["none" if each is None else each for each in values]
    column = chunked(values, pa.string(), cut)
    assert named(column) == named(column.dictionary_encode()) == named(values) == words


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1.5, None, 3.0], dtype="Float64"),
        pd.Series([1.5, None, 3.0]),
        pd.Series([1.5, None, 3.0]).to_numpy(),
        pa.chunked_array([[1.5, None, 3.0]]),
        [1.5, float("nan"), 3.0],
    ],
)
def test_columns_of_any_kind(column: Any) -> None:
    assert known(column) == [1.5, None, 3.0]
    assert plain(column) == [1.5, None, 3.0]


def test_columns_of_nothing() -> None:
    assert known(pa.chunked_array([], type=pa.int64())) == []
    assert named(pa.chunked_array([], type=pa.string())) == []
    assert known(pa.chunked_array([pa.nulls(2)])) == [None, None]


def test_a_column_is_made_once_and_one_that_is_not_there_has_no_value() -> None:
    table = Columns({"session": ["s1", "s2"], "calls": [1, 2]})
    assert table.numbers("calls") is table.numbers("calls")
    assert table.labels("session") is table.labels("session")
    assert not table.numbers("later").known.any()
    assert Columns.of(table) is table
