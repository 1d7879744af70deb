"""What a load can say of its own figures."""

from __future__ import annotations

import pytest

from evalkit.engine.load_cell import believed
from evalkit.live.meter import FEWEST, Fidelity, LoadCounts

MS = 1_000_000
SLOW = "what was due came 60 ms late at p99"


@pytest.mark.parametrize(
    ("late", "looks", "died", "own", "expected"),
    [
        (49 * MS, FEWEST, False, None, None),
        (51 * MS, FEWEST, False, None, "the load generator was 51 ms late at p99"),
        (51 * MS, FEWEST - 1, False, None, None),
        (51 * MS, FEWEST, False, SLOW, SLOW),
        (1 * MS, FEWEST, True, None, "the load generator was killed by SIGKILL"),
    ],
    ids=["in time", "late", "looked too seldom", "the mocks were late first", "died"],
)
def test_figures_of_a_generator_that_was_late_or_died_are_not_believed(
    late: int, looks: int, died: bool, own: str | None, expected: str | None
) -> None:
    stopped = "the load generator was killed by SIGKILL" if died else None
    counts = LoadCounts(late_p99=late, stopped=stopped)
    found = believed(Fidelity(bottleneck=own), counts, looks, 50 * MS, died=died)
    assert (found.bottleneck, found.load) == (expected, counts)
