from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.llm.delivery import streamed
from evalkit.services.llm.reply import Finish, ModelReply, ToolCall
from evalkit.services.llm.speed import Speed
from evalkit.wire import Head, Send, Wait

SECOND = 1_000_000_000


@given(
    st.integers(0, 10 * SECOND),
    st.floats(0.5, 1000),
    st.lists(st.integers(0, 500), max_size=40).map(sorted),
)
def test_each_piece_goes_out_with_its_token_to_the_nanosecond(latency, rate, numbers):
    plan = streamed(((number, b"x") for number in numbers), latency, Speed(rate))
    clock, sent = 0, []
    for step in plan:
        clock += step.ns if isinstance(step, Wait) else 0
        if isinstance(step, Send):
            sent.append(clock)
    assert sent == [
        latency + (round((number - 1) * SECOND / rate) if number else 0) for number in numbers
    ]


def test_the_head_goes_out_with_the_first_token():
    assert streamed([(1, b"a")], 5, Speed(None)) == (Wait(5), Head(), Send(b"a"))


def test_what_is_empty_only_takes_its_time():
    assert streamed([(3, b"")], 0, Speed(2)) == (Wait(0), Head(), Wait(SECOND))


def test_a_stop_sequence_ends_the_text_and_drops_the_calls():
    said = ModelReply(text="one STOP two", calls=(ToolCall("f", "{}"),), finish=Finish.TOOL_CALLS)
    cut = said.until(["two", "STOP"])
    assert (cut.text, cut.calls, cut.finish, cut.stopped_by) == ("one ", (), Finish.STOP, "STOP")
    assert said.until(["zzz", ""]) is said


def test_reasoning_uses_up_the_limit_first():
    said = ModelReply(text="x" * 40, reasoning="y" * 20)
    assert said.within(15) is said
    cut = said.within(8)
    assert (cut.text, cut.finish, cut.output_tokens()) == ("x" * 12, Finish.LENGTH, 8)
    assert said.within(3).text == ""
