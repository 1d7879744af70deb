"""Which gates are watched while sessions end, and when one is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate.expression import parse_gate
from evalkit.gate.watching import Ended, InOrder, Watch

GOOD = Ended(completed=True, latency=1_000_000)
SLOW = Ended(completed=True, latency=3_000_000_000)
FAILED = Ended(completed=False)


def lost(gate: str, *ended: Ended, single: bool = True) -> str | None:
    watch = Watch([parse_gate(gate)], single=single)
    return [watch.add(each) for each in ended][-1]


@pytest.mark.parametrize(
    ("gate", "bad"),
    [
        ("rate(session.completed) > 90%", FAILED),
        ("rate(session.failed) < 10%", FAILED),
        ("rate(session.failed) <= 0%", FAILED),
        ("p90(turn.latency) < 2s", SLOW),
        ("p50(turn.latency) <= 2s @ 95%", SLOW),
    ],
)
def test_a_gate_that_all_sessions_are_against_is_lost(gate: str, bad: Ended) -> None:
    assert lost(gate, *[bad] * 12) == f"`{gate}` is lost: 12 of 12 sessions were against it"
    assert lost(gate, *[GOOD] * 500) is None


@pytest.mark.parametrize(
    "gate",
    [
        "warn rate(session.failed) < 10%",
        "rate(session.failed) < 10% @ observed",
        "rate(session.failed where region=eu) < 10%",
        "mean(turn.latency) < 1ms",
        "rate(session.escalated) < 1%",
        "rate(session.completed) < 1%",
        "p90(turn.latency) > 1h",
    ],
)
def test_what_cannot_be_said_for_certain_is_not_watched(gate: str) -> None:
    assert lost(gate, *[FAILED, SLOW] * 100) is None


def test_latencies_are_watched_where_sessions_are_single_turns() -> None:
    assert lost("p90(turn.latency) < 2s", *[SLOW] * 50, single=False) is None


def test_a_session_without_a_reply_says_nothing_of_latency() -> None:
    assert lost("p90(turn.latency) < 2s", *[FAILED] * 50) is None


def census(gate: str, *ended: Ended, rounds: int = 1) -> list[str | None]:
    watch = Watch([parse_gate(gate)], single=True, census=len(ended), rounds=rounds)
    return [watch.add(each) for each in ended]


@pytest.mark.parametrize(
    ("gate", "bad", "allowed"),
    [
        ("rate(session.completed) >= 90%", FAILED, 10),
        ("rate(session.completed) > 90%", FAILED, 9),
        ("rate(session.failed) < 7%", FAILED, 6),
        ("rate(session.failed) <= 7%", FAILED, 7),
        ("p90(turn.latency) < 2s", SLOW, 10),
        ("rate(session.failed) <= 7% @ observed", FAILED, 7),
    ],
)
def test_a_census_is_lost_when_the_rest_cannot_mend_it(gate: str, bad: Ended, allowed: int) -> None:
    said = census(gate, *[bad] * (allowed + 1), *[GOOD] * (99 - allowed))
    assert said[:allowed] == [None] * allowed
    assert said[allowed] == (
        f"`{gate}` could not be kept any more: {allowed + 1} of 100 sessions were against it"
    )
    assert set(census(gate, *[bad] * allowed, *[GOOD] * (100 - allowed))) == {None}


def test_a_confidence_makes_a_sample_of_a_census() -> None:
    assert set(census("rate(session.failed) < 50% @ 95%", *[FAILED] * 5, *[GOOD] * 2)) == {None}
    assert census("rate(session.failed) < 50% @ 95%", *[FAILED] * 100)[99] is not None


def test_rounds_of_the_same_sessions_are_looked_at_when_they_are_whole() -> None:
    gate, hard = "rate(session.failed) < 45%", [FAILED] * 8 + [GOOD] * 12
    assert lost(gate, *hard[:8]) is not None  # as if all sessions were alike
    assert set(census(gate, *hard * 10, rounds=20)) == {None}
    worse = census(gate, *([FAILED] * 16 + [GOOD] * 4) * 10, rounds=20)
    first = next(number for number, each in enumerate(worse, start=1) if each)
    assert first % 20 == 0
    assert first < 100


@given(st.permutations(range(8)))
def test_sessions_count_in_the_order_in_which_they_began(ends: list[int]) -> None:
    order = [f"s{number}" for number in range(8)]
    known = {each: Ended(completed=True, latency=number) for number, each in enumerate(order)}
    line = InOrder()
    out = [each for at in ends for each in line.over(order[at], known[order[at]], order)]
    assert out == list(known.values())


def test_a_session_of_which_nothing_is_known_keeps_no_other_back() -> None:
    handed, order = InOrder(), ["a", "b", "c"]
    fine = Ended(completed=True)
    assert list(handed.over("b", fine, order)) == []
    assert list(handed.over("a", None, order)) == [fine]
    handed.cut(order)
    assert order == ["a", "b", "c"]  # it is not much


def test_what_was_handed_over_takes_no_room() -> None:
    handed, order = InOrder(), [str(number) for number in range(1_500)]
    for number in range(1_200):
        assert len(list(handed.over(str(number), Ended(completed=True), order))) == 1
    handed.cut(order)
    assert order[0] == "1200"
    assert len(list(handed.over("1200", Ended(completed=True), order))) == 1
