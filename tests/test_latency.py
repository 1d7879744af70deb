import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evalkit.keyed import Draw
from evalkit.latency import Exponential, Fixed, Latency, Lognormal, Recorded, Uniform

LATENCY = TypeAdapter(Latency)
MS = 1_000_000


def samples(written, count=4000):
    model = LATENCY.validate_python(written)
    return sorted(model.sample(Draw(number)) for number in range(count))


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("80ms", Fixed(fixed="80ms")),
        ({"fixed": "80ms"}, Fixed(fixed="80ms")),
        ({"uniform": ["10ms", "50ms"]}, Uniform(uniform=("10ms", "50ms"))),
        ({"median": "80ms", "p99": "400ms"}, Lognormal(median="80ms", p99="400ms")),
        ({"exponential": "50ms"}, Exponential(exponential="50ms")),
        ({"samples": ["80ms", "2s"]}, Recorded(samples=("80ms", "2s"))),
    ],
)
def test_each_model_is_read_as_it_is_written(written, model):
    assert LATENCY.validate_python(written) == model
    assert LATENCY.validate_python(model) is model


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (80, "80 is a duration without its unit"),
        ("fast", '"fast" is no duration'),
        ({}, "a latency is a duration like 80ms, or"),
        ({"mean": "80ms"}, "a latency is a duration like 80ms, or"),
        (["80ms"], "a latency is a duration like 80ms, or"),
        ({"uniform": ["50ms", "10ms"]}, "50ms is longer than 10ms"),
        ({"uniform": ["50ms"]}, "Field required"),
        ({"median": "80ms"}, "Field required"),
        ({"median": "80ms", "p99": "40ms"}, "not longer than the p99"),
        ({"median": "0s", "p99": "40ms"}, "above 0s"),
        ({"median": "80ms", "p99": "90ms", "p50": "1ms"}, "Extra inputs"),
        ({"samples": []}, "at least 1 item"),
    ],
)
def test_what_is_no_latency_says_what_is_allowed(written, message):
    with pytest.raises(ValidationError) as caught:
        LATENCY.validate_python(written)
    assert message in str(caught.value)


def test_fixed_is_always_the_same():
    assert set(samples("80ms")) == {80 * MS}


def test_uniform_is_even_between_its_ends():
    found = samples({"uniform": ["10ms", "50ms"]})
    assert found[0] >= 10 * MS
    assert found[-1] <= 50 * MS
    assert statistics.mean(found) == pytest.approx(30 * MS, rel=0.03)


def test_lognormal_has_its_median_and_p99():
    found = samples({"median": "80ms", "p99": "400ms"})
    assert statistics.median(found) == pytest.approx(80 * MS, rel=0.05)
    assert found[int(len(found) * 0.99)] == pytest.approx(400 * MS, rel=0.2)


def test_exponential_has_its_mean():
    assert statistics.mean(samples({"exponential": "50ms"})) == pytest.approx(50 * MS, rel=0.05)


@given(
    st.sampled_from(
        ["80ms", {"uniform": ["0s", "9s"]}, {"median": "1ns", "p99": "1h"}, {"exponential": "1s"}]
    ),
    st.binary(min_size=16, max_size=16),
)
def test_a_sample_is_a_whole_number_that_depends_on_the_draw_alone(written, key):
    model = LATENCY.validate_python(written)
    first = model.sample(Draw(key))
    assert isinstance(first, int)
    assert first >= 0
    assert model.sample(Draw(key)) == first


def test_recorded_samples_are_each_as_likely():
    drawn = samples({"samples": ["10ms", "20ms", "20ms", "90ms"]})
    assert set(drawn) == {10 * MS, 20 * MS, 90 * MS}
    assert drawn.count(20 * MS) / len(drawn) == pytest.approx(0.5, abs=0.03)
