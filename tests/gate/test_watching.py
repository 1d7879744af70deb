"""Which gates are watched while sessions end, and when one is given up."""

from __future__ import annotations

import pytest

from evalkit.gate.expression import parse_gate
from evalkit.gate.watching import Ended, Watch

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
