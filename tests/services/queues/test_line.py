"""Messages in their order, and changes that come late or twice."""

from __future__ import annotations

import pytest

from evalkit.services.queues.line import Line
from evalkit.services.queues.message import Lease, Message


@pytest.fixture
def line() -> Line:
    return Line(2, [Message(id=name, body=name, put=at) for at, name in enumerate("abc")])


def test_the_first_that_is_there_and_free_is_next(line):
    assert [getattr(line.next(at), "id", None) for at in (0, 9)] == ["a", "a"]
    line.take("a", Lease("l1", 20))
    assert [getattr(line.next(at), "id", None) for at in (0, 9, 20)] == [None, "b", "a"]


def test_what_is_put_twice_is_there_twice(line):
    line.put(Message(id="a", body="a", put=0))
    line.put(Message(id="a", body="a", put=0))
    assert line.counts(9)["waiting"] == 5
    assert (line.get("a-2"), line.get("a-3")) != (None, None)


def test_one_lease_counts_once(line):
    for _ in range(2):
        line.take("a", Lease("l1", 20))
    assert line.get("a").status(20, 2) == "waiting"


def test_counts_go_by_the_moment(line):
    assert line.counts(1) == {"waiting": 2, "taken": 0, "acknowledged": 0, "dead": 0}
    for number in (1, 2):
        line.take("a", Lease(f"l{number}", 10 * number))
    line.take("b", Lease("l3", 20))
    line.acknowledge("l3")
    assert line.counts(19) == {"waiting": 1, "taken": 1, "acknowledged": 1, "dead": 0}
    assert line.counts(20) == {"waiting": 1, "taken": 0, "acknowledged": 1, "dead": 1}


@pytest.mark.parametrize("change", ["acknowledge", "release"])
def test_a_change_that_comes_when_somebody_else_has_the_message_is_none(line, change):
    line.take("a", Lease("l1", 10))
    line.take("a", Lease("l2", 20))
    if change == "acknowledge":
        line.acknowledge("l1")
    else:
        line.release("l1", 5)
    assert line.get("a").status(15, 2) == "taken"
    line.acknowledge("l2")
    line.take("a", Lease("l4", 90))  # it is done with
    line.release("l2", 5)
    assert line.get("a").status(15, 2) == "acknowledged"
