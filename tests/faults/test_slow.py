from hypothesis import given
from hypothesis import strategies as st

from evalkit.faults.cut import CutBody
from evalkit.faults.slow import Slow
from evalkit.keyed import Draw
from evalkit.wire import Head, Reply, Send, Wait

DRAW = Draw(1)
SECOND = 1_000_000_000


def test_the_body_goes_out_in_tenths_of_a_second():
    reply = Slow(slow="20/s").apply(Reply.whole(b"12345", content_type="text/plain"), DRAW)
    tenth = Wait(SECOND // 10, "slow")
    assert reply.plan == (
        Head(),
        tenth,
        Send(b"12", "slow"),
        tenth,
        Send(b"34", "slow"),
        Wait(SECOND // 20, "slow"),
        Send(b"5", "slow"),
    )


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 10_000))
def test_the_bytes_stay_and_the_time_is_exact(parts, rate):
    healthy = Reply(chunked=True, plan=(Head(), *map(Send, parts)))
    reply = Slow(slow=f"{rate}/s").apply(healthy, DRAW)
    assert reply.body() == healthy.body()
    waited = sum(step.ns for step in reply.plan if isinstance(step, Wait))
    assert waited == round(len(healthy.body()) * SECOND / rate)


def test_a_long_body_at_a_low_rate_is_cut_into_few_slices():
    reply = Slow(slow="1/s").apply(Reply.whole(b"x" * 300_000, content_type="text/plain"), DRAW)
    assert len(reply.plan) <= 20_001


def test_a_wait_of_the_service_stays_and_so_does_the_name_of_another_fault():
    healthy = Reply(plan=(Wait(9), Head(), Send(b"ab", "other"), Wait(4), Send(b"c")))
    reply = Slow(slow="10/s").apply(healthy, DRAW)
    assert [step.ns for step in reply.plan if isinstance(step, Wait) and not step.fault] == [9, 4]
    assert [step.fault for step in reply.plan if isinstance(step, Send)] == [
        "other",
        "other",
        "slow",
    ]


def test_a_slow_body_can_be_cut():
    slow = Slow(slow="10/s").apply(Reply.whole(b"12345", content_type="text/plain"), DRAW)
    assert CutBody(cut=2).apply(slow, DRAW).body() == b"12"
