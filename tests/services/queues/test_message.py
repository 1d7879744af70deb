"""What has become of a message follows from the clock and from how it was given out."""

from __future__ import annotations

import pytest

from evalkit.services.queues.message import Lease, Message

PUT = Message(id="m", body=1, put=10)
ONCE = PUT.taken(Lease("a", 50))
TWICE = ONCE.taken(Lease("b", 90))


@pytest.mark.parametrize(
    ("message", "at", "tries", "status"),
    [
        (PUT, 10, 1, "waiting"),
        (ONCE, 49, 1, "taken"),
        (ONCE, 50, 2, "waiting"),
        (ONCE, 50, 1, "dead"),
        (ONCE.released(20), 20, 2, "waiting"),
        (ONCE.released(20), 20, 1, "dead"),
        (ONCE.released(70), 50, 2, "waiting"),  # given back too late: it was over at 50
        (TWICE, 89, 2, "taken"),
        (TWICE, 90, 2, "dead"),
    ],
)
def test_its_state_at_a_moment(message, at, tries, status):
    assert message.status(at, tries) == status
    assert message.free(at, tries) == (status == "waiting")


def test_nobody_has_it_before_it_is_there():
    assert not PUT.free(9, 3)
