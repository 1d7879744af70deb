"""The faults that a client meets while it connects: refused, connect_delay."""

from evalkit.faults.base import Connecting
from evalkit.faults.connect_delay import ConnectDelay
from evalkit.faults.refused import Refused
from evalkit.keyed import Draw
from evalkit.wire import Reply

DRAW = Draw(1)
SECOND = 1_000_000_000


def test_a_refusal():
    assert Refused(refused=True).connect(Connecting(), DRAW) == Connecting(refused=True)


def test_delays_add_up_and_a_refusal_keeps_them():
    slow = ConnectDelay(connect_delay="3s").connect(Connecting(wait=SECOND), DRAW)
    assert slow == Connecting(wait=4 * SECOND)
    refused = Refused(refused=True).connect(slow, DRAW)
    assert refused == Connecting(wait=4 * SECOND, refused=True)


def test_a_reply_over_a_connection_that_came_about_is_left_alone():
    healthy = Reply.json({"id": 1})
    assert Refused(refused=True).apply(healthy, DRAW) == healthy
    assert ConnectDelay(connect_delay="3s").apply(healthy, DRAW) == healthy
