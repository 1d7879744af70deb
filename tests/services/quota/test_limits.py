import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.quota.limits import Bucket, Concurrency, Window
from evalkit.services.quota.servers import Servers

SECOND = 1_000_000_000
GAPS = st.lists(st.integers(0, 3 * SECOND), max_size=60)
LIMITS = {
    "window": lambda: Window(3, 2 * SECOND, origin=SECOND // 3),
    "bucket": lambda: Bucket(3, 1.5),
    "concurrency": lambda: Concurrency(3),
}


def admitted(limit, gaps, length=SECOND):
    """The moments at which requests were let in."""
    at, taken = 0, []
    for gap in gaps:
        at += gap
        if limit.wait(at) == 0:
            limit.take(at, at + length)
            taken.append(at)
    return taken


@given(GAPS)
def test_a_window_lets_in_so_many(gaps):
    origin, length = SECOND // 3, 2 * SECOND
    taken, expected, at = admitted(LIMITS["window"](), gaps), [], 0
    for gap in gaps:
        at += gap
        own = [each for each in expected if (each + origin) // length == (at + origin) // length]
        if len(own) < 3:
            expected.append(at)
    assert taken == expected


@given(GAPS)
def test_a_bucket_never_lets_in_more_than_it_held_and_got(gaps):
    taken = admitted(Bucket(3, 1.5), gaps)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            filled = (taken[last] - taken[first]) * 1.5 / SECOND
            assert last - first + 1 <= 3 + filled + 1e-6


@given(GAPS, st.integers(1, 5 * SECOND))
def test_no_more_are_under_way_than_are_allowed(gaps, length):
    taken, expected, at = admitted(Concurrency(3), gaps, length), [], 0
    for gap in gaps:
        at += gap
        if sum(each + length > at for each in expected) < 3:
            expected.append(at)
    assert taken == expected


@pytest.mark.parametrize("name", LIMITS)
@given(gaps=GAPS)
def test_the_wait_is_exact(name, gaps):
    limit, at = LIMITS[name](), 0
    for gap in gaps:
        at += gap
        wait = limit.wait(at)
        if wait:
            assert limit.wait(at + wait - 1) == 1
            at += wait
            assert limit.wait(at) == 0
        limit.take(at, at + SECOND)


@pytest.mark.parametrize("name", ["window", "bucket"])
@given(gaps=GAPS)
def test_what_is_left_is_true(name, gaps):
    limit, at = LIMITS[name](), 0
    for gap in gaps:
        at += gap
        standing = limit.standing(at)
        assert (standing.left == 0) == (limit.wait(at) > 0)
        for _ in range(standing.left):
            assert limit.wait(at) == 0
            limit.take(at, at)
        assert limit.wait(at) > 0
        at += limit.standing(at).reset
        assert limit.standing(at).left == standing.limit


def naive(count, arrivals):
    """The starts of work, one server after the other."""
    free, starts = [0] * count, []
    for at, duration in arrivals:
        server = min(range(count), key=free.__getitem__)
        starts.append(max(at, free[server]))
        free[server] = starts[-1] + duration
    return starts


ARRIVALS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 200)), max_size=80)


@given(st.integers(1, 4), ARRIVALS)
def test_servers_work_first_come_first_served(count, gaps):
    servers, at, arrivals = Servers(count), 0, []
    for gap, duration in gaps:
        at += gap
        arrivals.append((at, duration))
    starts = [servers.serve(*each) for each in arrivals]
    assert starts == naive(count, arrivals)
    assert starts == sorted(starts)
    for moment in starts:
        busy = [s for s, (_, d) in zip(starts, arrivals, strict=True) if s <= moment < s + d]
        assert len(busy) <= count


@given(st.integers(1, 3), st.integers(0, 3), ARRIVALS)
def test_no_more_wait_than_the_queue_takes_and_the_wait_is_exact(count, queue, gaps):
    servers, at, starts = Servers(count, queue), 0, []
    for gap, duration in gaps:
        at += gap
        wait = servers.wait(at)
        if wait:
            assert sum(start > at for start in starts) == queue
            assert servers.wait(at + wait - 1) == 1
            at += wait
        assert servers.wait(at) == 0
        starts.append(servers.serve(at, duration))
        assert sum(start > at for start in starts) <= queue
