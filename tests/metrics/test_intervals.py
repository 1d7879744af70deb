import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.metrics.intervals import Split, split, union_length

INTERVALS = st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45)))


@pytest.mark.parametrize(
    ("intervals", "covered"),
    [
        ([], 0),
        ([(2, 5)], 3),
        ([(2, 5), (5, 7)], 5),
        ([(2, 5), (4, 7), (3, 4)], 5),
        ([(4, 7), (2, 5)], 5),
        ([(-5, 3), (8, 20)], 5),
        ([(-5, 20)], 10),
        ([(20, 30)], 0),
        ([(5, 5)], 0),
        ([(6, 2)], 0),
    ],
)
def test_the_length_of_a_union(intervals, covered):
    assert union_length(intervals, (0, 10)) == covered


@given(INTERVALS)
def test_a_union_is_as_long_as_the_moments_it_covers(intervals):
    covered = {at for start, end in intervals for at in range(start, end) if 0 <= at < 40}
    assert union_length(intervals, (0, 40)) == len(covered)


@pytest.mark.parametrize(
    ("llm", "tool", "expected"),
    [
        ([], [], Split(0, 0, 10)),
        ([(1, 4)], [], Split(3, 0, 7)),
        ([(1, 4)], [(3, 6)], Split(3, 2, 5)),
        ([(1, 4)], [(2, 3)], Split(3, 0, 7)),
        ([(3, 4)], [(2, 6)], Split(1, 3, 6)),
        ([(-9, 5)], [(5, 99)], Split(5, 5, 0)),
    ],
)
def test_a_span_is_split_by_what_was_under_way(llm, tool, expected):
    assert split((0, 10), llm=llm, tool=tool) == expected


@given(INTERVALS, INTERVALS)
def test_the_parts_of_a_span_add_up_to_it(llm, tool):
    parts = split((0, 40), llm=llm, tool=tool)
    assert parts.llm + parts.tool + parts.wait == 40
    assert min(parts.llm, parts.tool, parts.wait) >= 0
