from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.live.meter import FEWEST, LIMIT, Meter, Spread
from evalkit.world.clock import Clock


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_is_within_two_percent(values: list[int], share: float) -> None:
    spread = Spread()
    for each in values:
        spread.add(each)
    rank = max(1, -(-share * len(values) // 1))
    exact = sorted(values)[min(len(values), int(rank)) - 1]
    assert exact * 0.97 - 2 <= spread.quantile(share) <= exact * 1.03 + 2


@pytest.mark.parametrize(
    ("late", "own", "words"),
    [
        (LIMIT * 2, 0, "what was due came 100 ms late at p99"),
        (0, LIMIT * 2, "the services took 100 ms by themselves at p99"),
        (LIMIT // 2, LIMIT // 2, None),
    ],
)
def test_mocks_that_were_too_slow_are_told_of(late: int, own: int, words: str | None) -> None:
    meter = Meter(Clock())
    for _ in range(FEWEST):
        meter.late.add(late)
        meter.own.add(own)
    assert meter.bottleneck() == words


def test_of_a_few_values_nothing_is_said() -> None:
    meter = Meter(Clock())
    meter.late.add(LIMIT * 10)
    assert meter.bottleneck() is None
