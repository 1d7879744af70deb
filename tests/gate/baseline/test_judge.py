"""A run held against a baseline: what counts as worse, and what does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate import Verdict
from evalkit.gate.baseline import Baseline, ScenarioFacts, SessionFacts, Tolerance, compare_with
from evalkit.gate.baseline.paired import sign_p
from evalkit.gate.baseline.sampled import newcombe
from evalkit.keyed import Draw

S = 1_000_000_000


def session(
    seconds: float = 1.0, *, good: bool = True, steps: str = "a b", **more: Any
) -> SessionFacts:
    return SessionFacts(
        end="completed",
        flags={"good": good, "completed": True},
        numbers={"latency": seconds * S, "calls": 2, **more},
        turns=(seconds * S,),
        steps=tuple(steps.split()),
    )


def baseline(*sessions: SessionFacts, live: bool = False, **more: Any) -> Baseline:
    facts = ScenarioFacts(
        sessions={f"s{at:03}": each for at, each in enumerate(sessions)}, services=("crm",)
    )
    known: dict[str, Any] = {"commit": None, "inputs": "i", "prices": None, "digest": None}
    known |= {"suite": "desk", "run": "r", "seed": 7, "scenarios": {"happy": facts}}
    return Baseline(live=live, **(known | more))


def compared(before: Sequence[SessionFacts], now: Sequence[SessionFacts], **more: Any):
    return compare_with(baseline(*before, **more), baseline(*now, **more), Tolerance())


def test_the_same_is_no_regression():
    found = compared([session()] * 5, [session()] * 5)
    assert (found.verdict, found.sessions, found.changed) == (Verdict.PASS, 5, ())
    assert (found.regressions, found.improvements) == ((), ())


def test_a_quarter_that_gains_eight_seconds_cannot_hide_behind_the_median():
    before = [session(1 + at / 1000) for at in range(40)]
    now = [session(9) if at < 10 else each for at, each in enumerate(before)]
    found = compared(before, now)
    assert found.verdict is Verdict.FAIL
    assert {each.series for each in found.regressions} == {"session.latency", "turn.latency"}
    worst = found.regressions[0]
    assert (worst.worse, worst.better, worst.n) == (10, 0, 40)
    assert worst.change > 7 * S


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([session(1.0)] * 40, [session(1.04)] * 40),  # within five per cent
        ([session(0.001)] * 40, [session(0.009)] * 40),  # within ten milliseconds
        ([session(1.0)] * 40, [session(2.0)] * 3 + [session(1.0)] * 37),  # could be luck
        ([session(2.0), session(1.0)] * 20, [session(1.0), session(2.0)] * 20),  # either way
    ],
)
def test_what_is_tolerated_or_could_be_luck(
    before: Sequence[SessionFacts], now: Sequence[SessionFacts]
):
    assert compared(before, now).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("slower", "turns", "verdict"),
    [(1, 20, Verdict.PASS), (4, 5, Verdict.PASS), (8, 1, Verdict.FAIL), (8, 2, Verdict.FAIL)],
)
def test_a_session_counts_once_however_many_turns_it_has(slower: int, turns: int, verdict: Verdict):
    def talk(seconds: float) -> SessionFacts:
        return replace(session(), turns=(seconds * S,) * turns)

    found = compared([talk(1)] * 20, [talk(3)] * slower + [talk(1)] * (20 - slower))
    assert found.verdict is verdict
    assert [(each.worse, each.n) for each in found.regressions] == (
        [(slower, 20)] if verdict is Verdict.FAIL else []
    )


def test_what_got_better_is_told_and_passes():
    found = compared([session(5.0)] * 20, [session(1.0)] * 20)
    assert found.verdict is Verdict.PASS
    assert {each.series for each in found.improvements} == {"session.latency", "turn.latency"}


def test_sessions_that_turn_bad_are_a_regression_once_they_are_many():
    few = compared([session()] * 20, [session(good=False)] * 2 + [session()] * 18)
    many = compared([session()] * 20, [session(good=False)] * 12 + [session()] * 8)
    assert (few.verdict, many.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert [each.series for each in many.regressions] == ["session.good"]


def test_a_changed_session_is_named_with_its_first_other_step():
    now = [session(), session(steps="a x b"), session(steps="a", good=False)]
    first, second = compared([session()] * 3, now).changed
    assert (first.session, first.step, first.before, first.now) == ("s001", 2, "b", "x")
    assert (second.session, second.step, second.before, second.now) == ("s002", 2, "b", None)
    assert (first.newly_bad, second.newly_bad) == (False, True)


def test_what_is_new_or_gone_is_named():
    before, now = baseline(session(), session()), baseline(session())
    other = ScenarioFacts(sessions={"x": session()}, services=("bank",))
    now = replace(now, scenarios={**now.scenarios, "drift": other})
    found = compare_with(before, now, Tolerance())
    assert (found.new, found.vanished) == (("scenario drift",), ("happy: sessions s001",))


def test_what_is_critical_comes_first_and_what_is_excused_does_not_count():
    def of(seconds: float, **more: Any) -> Baseline:
        facts = ScenarioFacts(sessions={f"s{at}": session(seconds) for at in range(9)})
        return baseline(scenarios=dict.fromkeys(("a", "vital", "z"), facts), **more)

    found = compare_with(of(1), of(9, critical=("vital",), excused=("a",)), Tolerance())
    assert [each.scenario for each in found.regressions[::2]] == ["vital", "a", "z"]
    assert {each.scenario for each in found.counting} == {"vital", "z"}


def test_no_session_in_common_is_no_data():
    now = replace(baseline(session()), scenarios={})
    assert compare_with(baseline(session()), now, Tolerance()).verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seed": 8}, "the seeds differ"),
        ({"inputs": "other"}, "the suite or a file of it"),
        ({"prices": "2027"}, "the price tables differ"),
        ({"live": True}, "the baseline is simulated, the run live"),
    ],
)
def test_what_makes_two_runs_differ_by_itself_is_noted(more: dict[str, Any], said: str):
    found = compare_with(baseline(session()), baseline(session(), **more), Tolerance())
    assert any(said in each for each in found.notes)
    assert found.paired is (not more.keys() & {"seed", "live"})


def drawn(count: int, seconds: Callable[[float], float], key: str) -> list[SessionFacts]:
    return [session(seconds(Draw(key, at).unit("s"))) for at in range(count)]


def test_live_runs_are_samples():
    before = drawn(200, lambda u: 1 + u, "before")
    alike = compared(before, drawn(200, lambda u: 1 + u, "alike"), live=True)
    slower = compared(before, drawn(200, lambda u: 1.5 + u, "slower"), live=True)
    assert (alike.paired, alike.verdict, alike.changed) == (False, Verdict.PASS, ())
    assert slower.verdict is Verdict.FAIL
    shift = next(each for each in slower.regressions if each.series == "session.latency")
    assert shift.low is not None
    assert 0 < shift.low < 0.5 * S < shift.high
    assert compared(before, drawn(200, lambda u: 1.5 + u, "slower"), live=True) == slower


@pytest.mark.slow
def test_samples_of_the_same_are_seldom_called_worse():
    """The level is five in a hundred for thirty figures together, not for each of them."""

    def mixed(key: str) -> list[SessionFacts]:
        found = []
        for at in range(40):
            draw = Draw(key, at)
            seconds = 1 + 3 * draw.unit("s") ** 4
            more = {"cost": 0.01 * (1 + draw.unit("c")), "errors": float(draw.unit("e") < 0.1)}
            found.append(session(seconds, good=draw.unit("g") < 0.9, **more))
        return found

    verdicts = [
        compared(mixed(f"{trial} before"), mixed(f"{trial} now"), live=True).verdict
        for trial in range(20)
    ]
    assert verdicts.count(Verdict.FAIL) <= 3


def test_a_tail_that_moves_shows_in_a_sample_too():
    before = drawn(200, lambda u: 1 + u, "before")
    tailed = drawn(200, lambda u: 1 + u + (8 if u > 0.75 else 0), "tailed")
    found = compared(before, tailed, live=True)
    assert found.verdict is Verdict.FAIL
    assert any(each.what in ("p90", "p95", "p99") for each in found.regressions)


def test_rates_of_samples_are_compared_by_their_difference():
    good, bad = session(), session(good=False)
    found = compared([good] * 195 + [bad] * 5, [good] * 150 + [bad] * 50, live=True)
    assert [each.series for each in found.regressions] == ["session.good"]


def test_the_sign_test_is_exact():
    assert sign_p(10, 0) == 1 / 1024
    # What `evalkit compare --help` says of how many sessions it takes.
    for series, sessions in {1: 5, 2: 6, 4: 7, 8: 8}.items():
        assert sign_p(sessions, 0) <= Tolerance().alpha / series < sign_p(sessions - 1, 0)
    assert sign_p(7, 0) <= Tolerance().alpha / 3 < sign_p(5, 0)
    assert sign_p(2, 1) == 0.5
    assert sign_p(0, 0) == 1.0


def test_newcombe_as_published():
    """Newcombe (1998), table II, contrasts (a) 56/70 - 48/80 and (g) 10/10 - 0/10, method 10."""
    low, high = newcombe(48, 80, 56, 70)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    low, high = newcombe(0, 10, 10, 10)
    assert (round(low, 4), round(high, 4)) == (0.6075, 1.0)


@given(
    moves=st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=60),
)
def test_worse_and_better_change_places_with_the_two_runs(moves: list[int]):
    before = [session(1.0)] * len(moves)
    now = [session(1.0 + 0.5 * move) for move in moves]
    one, other = compared(before, now), compared(now, before)
    names = [[each.series for each in found] for found in (one.regressions, other.improvements)]
    assert names[0] == names[1]
    assert all(
        math.isclose(each.p or 0, sign_p(each.worse, each.better)) for each in one.regressions
    )
