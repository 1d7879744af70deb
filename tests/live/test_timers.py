"""The timers of a live loop: in the order in which they are due, and none early."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from evalkit.live.clock import LiveClock
from evalkit.live.loop import live_loop
from evalkit.live.timers import Timers
from evalkit.world.clock import NS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' timers")


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def handle(loop, call, *args):
    return asyncio.TimerHandle(0.0, call, args, loop)


def run(loop, timers, due):
    """Until what is due last has run."""
    done = loop.create_future()
    timers.add(due, handle(loop, done.set_result, None))
    loop.run_until_complete(asyncio.wait_for(done, 10))


def test_they_run_when_they_are_due_in_that_order_and_never_early(loop):
    timers = Timers.of(loop)
    ran = []
    begin = time.monotonic_ns()
    for after in (3_000_000, 1_000_000, -5, 1_000_000, 2_000_000):
        due = begin + after
        timers.add(due, handle(loop, lambda due=due: ran.append((due, time.monotonic_ns()))))
    run(loop, timers, begin + 4_000_000)
    timers.close()
    assert [due - begin for due, _ in ran] == [-5, 1_000_000, 1_000_000, 2_000_000, 3_000_000]
    assert all(at >= due for due, at in ran)


def test_what_is_cancelled_does_not_run_and_is_not_kept(loop):
    timers = Timers.of(loop)
    ran, begin = [], time.monotonic_ns()
    given_up = [handle(loop, ran.append, number) for number in range(1000)]
    for each in given_up:
        timers.add(begin + 3600 * NS, each)
    for each in given_up:
        each.cancel()
        timers.given_up()
    assert len(timers._heap) < 300
    last = handle(loop, ran.append, "last")
    timers.add(begin, last)
    last.cancel()
    run(loop, timers, begin + 1)
    timers.close()
    assert ran == []


def test_one_that_raises_keeps_no_other_from_running(loop):
    timers = Timers.of(loop)
    told, begin = [], time.monotonic_ns()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    timers.add(begin, handle(loop, divmod, 1, 0))
    run(loop, timers, begin + 1)
    timers.close()
    assert [type(each) for each in told] == [ZeroDivisionError]


def test_what_is_called_without_a_context_is_due_and_given_up_in_the_same_way(loop):
    timers = Timers.of(loop)
    ran, told, begin = [], [], time.monotonic_ns()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    calls = [lambda: ran.append(1), lambda: 1 // 0, lambda: timers.at(begin, lambda: ran.append(2))]
    made = [timers.at(begin, call) for call in calls]
    timers.at(begin + 1, lambda: ran.append("never")).cancel()
    run(loop, timers, begin + 2_000_000)
    for each in made:
        each.cancel()  # too late: nothing comes of it
    timers.close()
    assert ran == [1, 2]
    assert [type(each) for each in told] == [ZeroDivisionError]
    assert timers._given_up == 0


@pytest.mark.parametrize("fast", [True, False])
def test_a_live_loop_calls_at_its_own_time(fast):
    clock = LiveClock()
    loop = live_loop(clock, fast=fast)
    times = []

    async def main():
        over = loop.create_future()
        for after in (0.003, 0.001, 0.002):
            loop.call_at(clock.monotonic / NS + after, times.append, after)
        loop.call_at(clock.monotonic / NS + 0.001, times.append, "never").cancel()
        due = clock.monotonic / NS + 0.02
        loop.call_at(due, lambda: over.set_result(loop.time() - due))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        return await over

    assert loop.run_until_complete(main()) >= 0
    loop.close()
    assert times == [0.001, 0.002, 0.003]
