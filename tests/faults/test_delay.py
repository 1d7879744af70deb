import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from evalkit.faults.delay import Delay
from evalkit.keyed import Draw
from evalkit.latency import Latency
from evalkit.wire import Reply, Wait

HEALTHY = Reply.json({"id": 1})
SECOND = 1_000_000_000


def test_the_reply_begins_later_and_is_the_same_otherwise():
    reply = Delay(delay="8s").apply(HEALTHY, Draw(1))
    assert reply.plan == (Wait(8 * SECOND, "delay"), *HEALTHY.plan)
    assert (reply.status, reply.headers) == (HEALTHY.status, HEALTHY.headers)


@given(st.integers())
def test_jitter_stays_within_its_bounds_and_depends_on_the_draw_alone(key):
    fault = Delay(delay="8s", jitter="2s")
    first, second = (fault.apply(HEALTHY, Draw(key)).plan[0] for _ in range(2))
    assert first == second
    assert 6 * SECOND <= first.ns <= 10 * SECOND


@pytest.mark.parametrize("key", range(20))
def test_a_delay_is_never_negative(key):
    reply = Delay(delay="0s", jitter="1s").apply(HEALTHY, Draw(key))
    assert all(step.ns > 0 for step in reply.plan if isinstance(step, Wait))


@pytest.mark.parametrize(
    "model",
    [
        {"fixed": "80ms"},
        {"uniform": ["1s", "3s"]},
        {"median": "80ms", "p99": "2s"},
        {"exponential": "2s"},
        {"samples": ["80ms", "2s", "3s"]},
    ],
    ids=str,
)
def test_a_delay_is_drawn_from_each_model_as_a_latency_is(model):
    fault, latency = Delay(delay=model), TypeAdapter(Latency).validate_python(model)
    draws = [Draw("call", number) for number in range(30)]
    waits = [sum(_waits(fault.apply(HEALTHY, draw))) for draw in draws]
    assert waits == [latency.sample(draw) for draw in draws]
    assert (len(set(waits)) > 1) == ("fixed" not in model)


def _waits(reply):
    return [step.ns for step in reply.plan if isinstance(step, Wait)]
