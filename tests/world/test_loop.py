"""The loop's time: it moves when nothing can run, to the next moment at which something is due."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.world.clock import Clock
from tests.world.endpoints import SECOND, passed, run


def test_timers_for_the_same_moment_fire_in_the_order_in_which_they_were_set() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        for number in range(20):
            loop.call_at(loop.time() + 5, fired.append, number)
        await asyncio.sleep(6)
        return fired

    assert run(main()).value == list(range(20))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_timers_fire_in_order_at_their_times(delays: list[float]) -> None:
    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[float, float]] = []
        began = loop.time()

        def fire(delay: float) -> None:
            fired.append((delay, loop.time() - began))

        for delay in delays:
            loop.call_later(delay, fire, delay)
        await asyncio.sleep(max(delays))
        await asyncio.sleep(0.001)
        return fired

    fired = run(main()).value

    assert sorted(delay for delay, _ in fired) == sorted(delays)
    assert [at for _, at in fired] == sorted(at for _, at in fired)
    assert all(delay == pytest.approx(at, abs=2e-9) for delay, at in fired)


@given(st.lists(st.integers(1, 10**13), min_size=1, max_size=20))
@settings(deadline=None, max_examples=60)
def test_whole_nanoseconds_are_exact(moments: list[int]) -> None:
    async def main() -> list[int]:
        loop: Any = asyncio.get_running_loop()
        seen = []
        for moment in sorted(set(moments)):
            reached = loop.create_future()
            loop.call_at(Clock.loop_time(moment), reached.set_result, None)
            await reached
            seen.append(loop.clock.now)
        return seen

    assert run(main()).value == sorted(set(moments))


@given(st.lists(st.floats(1e-9, 50), min_size=1, max_size=10))
@settings(deadline=None, max_examples=60)
def test_code_that_compares_its_deadline_with_the_loops_time_is_not_woken_early(
    delays: list[float],
) -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        early = 0
        for delay in delays:
            deadline = loop.time() + delay
            woken = loop.create_future()
            loop.call_at(deadline, woken.set_result, None)
            await woken
            early += loop.time() < deadline
        return early

    assert run(main()).value == 0


def test_the_loops_time_is_the_monotonic_clock() -> None:
    async def main() -> list[float]:
        loop, late = asyncio.get_running_loop(), []
        for delay in (0.1, 0.25, 1 / 3, 7):
            woken = loop.create_future()
            due = time.monotonic() + delay
            loop.call_at(due, woken.set_result, None)
            await woken
            late.append(max(abs(loop.time() - due), abs(time.monotonic() - due)))
        return late

    ran = run(main())

    assert max(ran.value) < 1e-9
    assert abs(ran.now - round((0.1 + 0.25 + 1 / 3 + 7) * SECOND)) < 4


def test_a_cancelled_timer_moves_no_clock() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(5, int) for _ in range(3)]
        loop.call_later(1, timers[0].cancel)
        await asyncio.sleep(2)
        for timer in timers:
            timer.cancel()
        await asyncio.sleep(1)

    assert run(main()).now == 3 * SECOND


def test_a_timer_cancelled_by_a_thread_moves_no_clock() -> None:
    async def main() -> None:
        timer = asyncio.get_running_loop().call_later(1000, int)

        def cancel() -> None:
            threading.Event().wait(1)
            timer.cancel()

        await asyncio.to_thread(cancel)

    assert run(main()).now == SECOND


def test_timeouts_beat_what_takes_longer() -> None:
    async def main() -> list[str]:
        seen = []
        for length in (1, 3):
            try:
                async with asyncio.timeout(2):
                    await asyncio.sleep(length)
                seen.append("slept")
            except TimeoutError:
                seen.append("timed out")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 1)
        return seen

    ran = run(main())

    assert ran.value == ["slept", "timed out"]
    assert ran.now == 4 * SECOND


def test_a_year_passes_in_no_time() -> None:
    async def main() -> None:
        for _ in range(365):
            await asyncio.sleep(24 * 3600)

    ran = run(main())

    assert ran.now == 365 * 24 * 3600 * SECOND
    print(f"a year of world time took {ran.real_seconds * 1000:.1f} ms of CPU")


def test_pipes_are_read_before_time_passes() -> None:
    import os

    async def main() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        heard = loop.create_future()
        loop.add_reader(reading, lambda: heard.done() or heard.set_result(os.read(reading, 9)))
        loop.call_later(1000, int)
        os.write(writing, b"hello")
        data = await heard
        loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)
        return data, passed()

    assert run(main()).value == (b"hello", 0)


def test_what_another_thread_posts_is_seen() -> None:
    async def main() -> str:
        from tests.world.endpoints import foreign_thread

        loop = asyncio.get_running_loop()
        posted = loop.create_future()
        foreign_thread(lambda: loop.call_soon_threadsafe(posted.set_result, "here")).start()
        return await posted

    ran = run(main())

    assert (ran.value, ran.now) == ("here", 0)
