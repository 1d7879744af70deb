import statistics

import pytest
from pydantic import TypeAdapter, ValidationError

from evalkit.keyed import Draw
from evalkit.services.llm.pace import (
    FixedPace,
    LognormalPace,
    Pace,
    RecordedPace,
    UniformPace,
)

PACE = TypeAdapter(Pace)


def rates(written, count=4000):
    model = PACE.validate_python(written)
    return sorted(model.sample(Draw(number)).tokens_per_second for number in range(count))


@pytest.mark.parametrize(
    ("written", "model"),
    [
        (80, FixedPace(fixed=80)),
        (80.5, FixedPace(fixed=80.5)),
        ({"uniform": [40, 120]}, UniformPace(uniform=(40, 120))),
        ({"median": 80, "p1": 20}, LognormalPace(median=80, p1=20)),
        ({"median": 80, "p99": 200}, LognormalPace(median=80, p99=200)),
        ({"samples": [70, 90]}, RecordedPace(samples=(70, 90))),
    ],
)
def test_each_model_is_read_as_it_is_written(written, model):
    assert PACE.validate_python(written) == model
    assert PACE.validate_python(model) is model


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (0, "greater than 0"),
        (True, "tokens per second are a number like 80"),
        ("80/s", "tokens per second are a number like 80"),
        ({"uniform": [120, 40]}, "120 is faster than 40"),
        ({"median": 80}, "one of `p1` (slowest) and `p99` (fastest)"),
        ({"median": 80, "p1": 20, "p99": 200}, "one of `p1` (slowest) and `p99` (fastest)"),
        ({"median": 80, "p1": 90}, "the p1 is not faster than the median"),
        ({"median": 80, "p99": 70}, "the p99 is not slower than the median"),
        ({"samples": []}, "at least 1 item"),
    ],
)
def test_what_is_no_pace_says_what_is_allowed(written, message):
    with pytest.raises(ValidationError) as caught:
        PACE.validate_python(written)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("written", "share", "rate"),
    [
        ({"median": 80, "p1": 20}, 0.01, 20),
        ({"median": 80, "p1": 20}, 0.5, 80),
        ({"median": 80, "p99": 200}, 0.99, 200),
        ({"uniform": [40, 120]}, 0.5, 80),
    ],
)
def test_rates_are_of_their_distribution(written, share, rate):
    drawn = rates(written)
    assert drawn[int(share * len(drawn))] == pytest.approx(rate, rel=0.12)


def test_recorded_rates_are_those_recorded():
    drawn = rates({"samples": [70, 90]})
    assert set(drawn) == {70, 90}
    assert statistics.mean(drawn) == pytest.approx(80, rel=0.02)
