import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evalkit.services.llm.limits import Bucket, Level, RateLimitPart, TokenCount

SECOND = 1_000_000_000
COUNT = TypeAdapter(TokenCount)


@pytest.mark.parametrize(("written", "count"), [(512, 512), ("128k", 128_000), ("1M", 1_000_000)])
def test_tokens_are_counted_in_thousands(written, count):
    assert COUNT.validate_python(written) == count


@pytest.mark.parametrize("written", ["128", "k", "1.5k", "128kB", True, 1.5, None, -1, 0])
def test_what_is_no_count_is_refused(written):
    with pytest.raises(ValidationError):
        COUNT.validate_python(written)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({}, "`requests` or `tokens`"),
        ({"requests": 1, "window": "0s"}, "longer than 0s"),
        ({"requests": 0}, "greater than or equal to 1"),
    ],
)
def test_a_limit_that_limits_nothing_is_refused(part, message):
    with pytest.raises(ValidationError) as caught:
        RateLimitPart(**part)
    assert message in str(caught.value)


def test_a_bucket_refills_evenly():
    bucket = Bucket("requests", 3, 60 * SECOND)
    for _ in range(3):
        assert bucket.refusal(0, 1) is None
        bucket.take(0, 1)
    refused = bucket.refusal(5 * SECOND, 1)
    assert (refused.used, refused.retry_ns) == (3, 15 * SECOND)
    assert bucket.refusal(20 * SECOND, 1) is None
    assert bucket.refusal(20 * SECOND - 1, 1).retry_ns == 1
    assert bucket.level(20 * SECOND) == Level(3, 1, 40 * SECOND)
    assert bucket.level(99 * SECOND) == Level(3, 3, 0)


def test_what_is_more_than_the_limit_never_fits():
    assert Bucket("tokens", 5, SECOND).refusal(0, 6).retry_ns is None


STEPS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 40)), max_size=30)


@given(st.integers(1, 50), st.integers(1, 10**10), STEPS)
def test_no_window_gives_more_than_twice_the_limit_and_waiting_is_enough(limit, window, steps):
    bucket, now, taken = Bucket("tokens", limit, window), 0, []
    for wait, units in steps:
        now += wait
        refused = bucket.refusal(now, units)
        if refused is None:
            bucket.take(now, units)
            taken.append((now, units))
        elif refused.retry_ns is not None:
            assert bucket.refusal(now + refused.retry_ns, units) is None
            assert bucket.refusal(now + refused.retry_ns - 1, units) is not None
        within = sum(units for at, units in taken if now - window < at <= now)
        # A full bucket, and what came back to it in the window.
        assert within < 2 * limit + 1
        assert 0 <= bucket.level(now).remaining <= limit
