from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.journal.records import AnyRecord, CallStarted
from evalkit.journal.rounds import multiplied, round_numbers, rounds
from evalkit.journal.views import JournalView, SessionView
from tests.metrics.journals import Pen


def retried(*counters: int | None) -> SessionView:
    """A session with one logical call, whose requests bear these counts of an SDK."""
    pen = Pen().start().begin()
    for number in range(len(counters)):
        pen.call("llm", number, number + 0.5, attempt=number + 1, logical=1, status=503)
    left = list(counters)
    records: list[AnyRecord] = [
        replace(each, sdk_retry=left.pop(0)) if isinstance(each, CallStarted) else each
        for each in pen.records
    ]
    return JournalView.of(records).sessions[0]


@pytest.mark.parametrize(
    ("counters", "numbers", "two_layers"),
    [
        ([0], [1], False),
        ([0, 1, 2], [1, 1, 1], False),
        ([None, None, None], [1, 2, 3], False),
        ([0, 0, 0], [1, 2, 3], False),
        ([0, 1, 2, 0, 1, 2, 0, 1, 2], [1, 1, 1, 2, 2, 2, 3, 3, 3], True),
        ([0, 1, 0], [1, 1, 2], True),
        ([1, 2], [1, 1], False),
    ],
)
def test_a_count_that_begins_anew_is_another_round(counters, numbers, two_layers):
    calls = retried(*counters).calls
    assert list(round_numbers(calls).values()) == numbers
    assert multiplied(rounds(calls)) == two_layers
    assert [each for made in rounds(calls) for each in made] == list(calls)
