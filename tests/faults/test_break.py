"""The faults that end a connection early: reset, empty, cut, stall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.faults.cut import CutBody
from evalkit.faults.empty import Empty
from evalkit.faults.reset import ResetConnection
from evalkit.faults.stall import StallReply
from evalkit.keyed import Draw
from evalkit.wire import Cut, Effect, Head, Reply, Reset, Send, Stall, Wait

DRAW = Draw(1)
TEXT = Reply.whole(b"0123456789", content_type="text/plain")
LATE = TEXT.after(7)
STREAM = Reply(
    chunked=True, plan=(Head(), Send(b"012"), Wait(5), Send(b"345"), Wait(5), Send(b"6"))
)
UNTIL_CLOSED = Reply(plan=(Head(), Send(b"0123456789")))


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (ResetConnection(reset=True), Reset("reset")),
        (Empty(empty=True), Cut("empty")),
        (StallReply(stall=True), Stall("stall")),
    ],
)
def test_nothing_is_sent_where_the_first_byte_was_due(fault, end):
    reply = fault.apply(LATE, DRAW)
    assert reply.plan == (Wait(7), end)


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (ResetConnection(reset=4), Reset("reset")),
        (CutBody(cut=4), Cut("cut")),
        (StallReply(stall=4), Stall("stall")),
    ],
)
@pytest.mark.parametrize(
    ("healthy", "before"),
    [
        (LATE, (Wait(7), Head(), Send(b"0123"))),
        (STREAM, (Head(), Send(b"012"), Wait(5), Send(b"3"))),
        (UNTIL_CLOSED, (Head(), Send(b"0123"))),
    ],
)
def test_so_many_bytes_of_the_body_still_go_out(fault, end, healthy, before):
    reply = fault.apply(healthy, DRAW)
    assert reply.plan == (*before, end)
    assert (reply.headers, reply.chunked) == (healthy.headers, healthy.chunked)


def test_nothing_is_waited_for_once_the_bytes_are_out():
    assert CutBody(cut=3).apply(STREAM, DRAW).plan == (Head(), Send(b"012"), Cut("cut"))


def test_after_no_byte_of_the_body_the_head_is_out():
    assert CutBody(cut=0).apply(LATE, DRAW).plan == (Wait(7), Head(), Cut("cut"))


@pytest.mark.parametrize(
    ("fault", "healthy", "noticed"),
    [
        (CutBody(cut=10), TEXT, False),
        (StallReply(stall=10), TEXT, False),
        (ResetConnection(reset=10), TEXT, False),
        (CutBody(cut=7), STREAM, True),
        (StallReply(stall=7), STREAM, True),
        (CutBody(cut=10), UNTIL_CLOSED, False),
        (StallReply(stall=10), UNTIL_CLOSED, True),
        (ResetConnection(reset=10), UNTIL_CLOSED, True),
        (CutBody(cut=11), TEXT, False),
        (CutBody(cut=8), STREAM, False),
        (ResetConnection(reset=11), UNTIL_CLOSED, False),
    ],
)
def test_a_reply_that_is_complete_by_then_stays_as_it_is(fault, healthy, noticed):
    assert (fault.apply(healthy, DRAW) != healthy) is noticed


def test_what_the_service_committed_stays_committed():
    healthy = Reply(effects=(Effect(name="charge"),), plan=(Head(),))
    assert Empty(empty=True).apply(healthy, DRAW).effects == healthy.effects


def test_a_later_break_of_a_broken_reply_changes_nothing():
    broken = CutBody(cut=4).apply(TEXT, DRAW)
    assert StallReply(stall=6).apply(broken, DRAW) == broken


@given(st.lists(st.binary(max_size=8), max_size=6), st.integers(0, 60), st.booleans())
def test_what_goes_out_is_the_beginning_of_the_body(parts, count, chunked):
    healthy = Reply(chunked=chunked, plan=(Head(), *map(Send, parts)))
    reply = CutBody(cut=count).apply(healthy, DRAW)
    assert healthy.body().startswith(reply.body())
    if reply != healthy:
        assert len(reply.body()) == count
