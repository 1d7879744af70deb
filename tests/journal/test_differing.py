from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.journal.differing import differing_place


@pytest.mark.parametrize(
    ("first", "second", "path", "left", "right"),
    [
        ({"a": 1}, {"a": 2}, "a", "1", "2"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]", "2", "3"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]", None, "2"),
        ({"a": 1, "b": 2}, {"a": 1}, "b", "2", None),
        ({}, {"b": None}, "b", None, "null"),
        ({"a": "text"}, {"a": ["text"]}, "a", "text", '["text"]'),
        ("x", "y", "", "x", "y"),
        (None, {"a": 1}, "", "null", '{"a":1}'),
    ],
)
def test_the_first_place_that_differs_is_told_by_its_path(
    first: Any, second: Any, path: str, left: str | None, right: str | None
) -> None:
    place = differing_place(first, second)
    assert place is not None
    assert (place.path, place.first, place.second) == (path, left, right)


def test_of_long_texts_the_part_that_differs_is_shown() -> None:
    place = differing_place("a" * 500 + "X" + "b" * 500, "a" * 500 + "Y" + "b" * 500)
    assert place is not None
    assert place.first == "…" + "a" * 40 + "X" + "b" * 39 + "…"


_VALUES = st.recursive(
    st.none() | st.integers(2, 9) | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each),
    max_leaves=8,
)


@given(_VALUES, _VALUES)
def test_values_differ_where_they_are_not_equal(first: Any, second: Any) -> None:
    assert (differing_place(first, second) is None) == (first == second)
