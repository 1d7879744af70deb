"""Which session comes next under load, and when."""

from __future__ import annotations

import itertools

from evalkit.engine.cells import PlannedSession
from evalkit.engine.dispensing import Dispenser, arrivals
from evalkit.engine.spilling import key_of
from evalkit.suite.model import SessionRecord
from evalkit.world.clock import NS


def planned(*names: str) -> list[PlannedSession]:
    records = [SessionRecord.model_validate({"id": n, "turns": [{"input": "x"}]}) for n in names]
    return [PlannedSession(id=each.id, record=each, arrival=None) for each in records]


def test_sessions_come_in_order_over_and_over_each_time_under_another_id() -> None:
    dispenser = Dispenser(planned("a", "b"))
    assert [dispenser.next().id for _ in range(5)] == ["a", "b", "a~2", "b~2", "a~3"]
    assert [each.record.id for each in dispenser.under_way.values()] == ["a", "b", "a", "b", "a"]
    assert (dispenser.given, len(dispenser.fresh()), dispenser.fresh()) == (5, 5, [])


def test_an_id_that_looks_repeated_is_given_once() -> None:
    dispenser = Dispenser(planned("a", "a~2", "a~02"))
    given = [dispenser.next().id for _ in range(12)]
    assert len(set(given)) == 12
    assert all(each.rpartition("~")[0] in ("", "a", "a~2", "a~02") for each in given)


def test_arrivals_are_a_poisson_process_by_seed_that_ends() -> None:
    moments = list(arrivals(50, 7, 40 * NS))
    assert moments == list(arrivals(50, 7, 40 * NS))
    assert moments != list(arrivals(50, 8, 40 * NS))
    assert moments == sorted(moments)
    assert moments[-1] < 40 * NS
    assert 1800 < len(moments) < 2200
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert sum(each > NS / 50 for each in gaps) / len(gaps) < 0.45  # e^-1


def test_sessions_are_in_regions_by_share_and_in_the_one_that_is_asked_for() -> None:
    dispenser = Dispenser(planned("a", "b"), {"eu": 0.75, "us": 0.25}, 3)
    drawn = [dispenser.next().record.region for _ in range(400)]
    assert set(drawn) == {"eu", "us"}
    assert 260 < drawn.count("eu") < 340
    asked = [dispenser.next(region="us") for _ in range(3)]
    assert {each.record.region for each in asked} == {"us"}
    assert len(dispenser.under_way) == dispenser.given == 403


def test_a_session_that_was_taken_back_can_be_made_again() -> None:
    dispenser = Dispenser(planned("a"), {"eu": 1.0})
    first = dispenser.next(7)
    assert dispenser.again(key_of(dispenser.under_way.pop("a"))) == first
