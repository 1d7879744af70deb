"""The journal of hours, and what is forgotten of sessions that are over: both are bounded."""

from __future__ import annotations

import tracemalloc
from collections.abc import Collection
from dataclasses import replace

import pytest

from evalkit.engine.forgetting import Forgetting
from evalkit.engine.spilling import NOBODY, Spill
from evalkit.journal.identity import Identities
from evalkit.journal.records import AnyRecord, End, SessionEnded, SessionStarted, TurnStarted
from evalkit.live.attribution import Attribution
from evalkit.wire import Caller
from tests.engine.test_dispensing import planned


def _records(session: str | None, at: int) -> tuple[AnyRecord, ...]:
    assert session is not None
    return (
        SessionStarted(at=at, session=session, turn=None, intended=at),
        TurnStarted(at=at, session=session, turn=1, input="x" * 50, intended=at),
        SessionEnded(at=at + 1, session=session, turn=None, end=End.COMPLETED),
    )


@pytest.mark.parametrize("block", [1, 4, 1000])
def test_every_record_comes_back_with_its_session_once_and_in_order(block: int) -> None:
    journal = Spill(block=block)
    sessions = planned(*(f"s-{number}" for number in range(5)))
    late = TurnStarted(at=9, session="s-0", turn=2, input="late", intended=9)
    for at, each in enumerate(sessions):
        for record in _records(each.id, at):
            journal.append(record)
        journal.over(each)
    journal.append(late)
    assert len(journal) == 16
    assert (journal.spilled > 0) is (block < 15)
    blocks = list(journal.blocks())
    over = [each for block in blocks for each in block]
    assert [key[0] for key, _ in over] == [each.id for each in sessions]
    assert over[0][1] == [*_records("s-0", 0), late]
    assert [tuple(own) for _, own in over[1:]] == [_records(f"s-{n}", n) for n in range(1, 5)]
    assert all(sum(len(own) for _, own in each) >= min(block, 3) for each in blocks)
    assert not journal.records


def test_what_belongs_to_no_session_that_is_over_stays() -> None:
    journal = Spill(block=1)
    (mine,) = planned("a")
    for record in (*_records("a", 0), *_records("b", 1)):
        journal.append(record)
    journal.over(mine)
    assert {each.session for each in journal.records} == {"b"}
    journal.close()


def test_what_is_of_no_session_takes_no_more_room_than_the_rest() -> None:
    journal = Spill(block=10)
    for at in range(25):
        journal.append(replace(_records("a", at)[1], session=None))
    assert len(journal.records) == 5
    blocks = list(journal.blocks())
    assert [[(key, len(own)) for key, own in each] for each in blocks] == [[(NOBODY, 10)]] * 2


def test_sessions_are_forgotten_a_while_after_their_end() -> None:
    told: list[list[str]] = []
    forgetting = Forgetting(lambda sessions: told.append([*sessions]), after=10, most=2)
    for name, at in zip("abcdef", (0, 4, 8, 12, 30, 31), strict=True):
        forgetting.over(name, at)
    assert told == [["a"], ["b", "c"], ["d"]]  # never more than two at a time


def test_hours_of_sessions_take_no_more_room_than_minutes() -> None:
    identities, attribution = Identities(), Attribution(1)

    def forget(sessions: Collection[str]) -> None:
        identities.forget(sessions)
        attribution.forget(sessions)

    journal, forgetting = Spill(block=300), Forgetting(forget, after=100)

    def drive(first: int, last: int) -> int:
        for number in range(first, last):
            name = f"s-{number}"
            caller = Caller(session=name, turn=1, vars={}, plan=())
            with attribution.turn(caller):
                attribution.prefix(name)
                place = identities.begin(name, 1, "crm", "GET /", "same")
                identities.end(place, failed=number % 2 == 0)
            for record in _records(name, number):
                journal.append(record)
            (mine,) = planned(name)
            journal.over(mine)
            forgetting.over(name, number)
        return tracemalloc.get_traced_memory()[0]

    drive(0, 4_500)  # what is made once, and a first fill of what is remembered (4,096 traces)
    tracemalloc.start()
    try:
        drive(4_500, 9_000)  # what is remembered is of what is traced now
        before = drive(9_000, 9_600)
        after = drive(9_600, 12_000)
    finally:
        tracemalloc.stop()
    assert after - before < 60_000  # bytes, of 2,400 sessions that would take over a million
    assert journal.spilled > 3_000
    journal.close()
