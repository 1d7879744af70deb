from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time

import pytest

from evalkit.errors import DeadlockError, EvalkitError, UsageError
from evalkit.world.clock import NS
from evalkit.world.held import HeldWorld
from evalkit.world.world import World

STARTS = "2026-01-05T09:00:00Z"


@pytest.fixture
def held():
    world = HeldWorld(seed=3)
    world.loop()
    yield world
    world.close()


async def drawn():
    await asyncio.sleep(100)
    return time.monotonic(), time.time(), random.random()


def test_the_world_goes_on_from_piece_to_piece(held):
    first, second = held.run_piece(drawn()), held.run_piece(drawn())
    assert second[0] - first[0] == second[1] - first[1] == 100
    assert held.clock.now == 200 * NS


def test_between_the_pieces_time_and_chance_are_the_machine_s(held):
    random.seed(1)
    expected = [random.random() for _ in range(2)]
    random.seed(1)
    before = random.random()
    held.run_piece(drawn())
    assert [before, random.random()] == expected
    assert time.time() != held.clock.wall / NS
    assert threading.current_thread() is threading.main_thread()


def test_rewound_it_is_as_at_its_beginning(held):
    first = held.run_piece(drawn())
    held.rewind(3, STARTS)
    assert held.run_piece(drawn()) == first
    held.rewind(4, STARTS)
    assert held.run_piece(drawn())[2] != first[2]


def test_what_is_under_way_is_rewound_with_the_clock(held):
    seen = []

    async def ticking():
        for _ in range(3):
            await asyncio.sleep(10)
            seen.append(held.clock.now)

    async def begin():
        held.task = asyncio.create_task(ticking())
        await asyncio.sleep(15)

    async def end():
        await held.task

    held.run_piece(begin())
    held.rewind(3, STARTS)
    held.run_piece(end())
    assert seen == [10 * NS, 5 * NS, 15 * NS]


def test_closed_it_makes_room_for_another():
    first = HeldWorld()
    first.loop()
    with pytest.raises(UsageError, match="another world"):
        HeldWorld().loop()
    first.close()
    assert not first.open
    assert World().run(asyncio.sleep(1, "done")) == "done"


def test_a_crash_of_an_endpoint_is_told(held):
    held.network.crashes.append(ValueError("ours"))
    with pytest.raises(EvalkitError, match="endpoint of the world crashed"):
        held.run_piece(asyncio.sleep(1))


async def _waits_for_ever():
    await asyncio.Event().wait()


@pytest.mark.parametrize("patience", [0.0, 0.05])
def test_a_world_whose_tasks_all_wait_says_which_and_where(patience):
    async def main():
        await asyncio.gather(*(_named(each) for each in ("left", "right")))

    def _named(name):
        return asyncio.create_task(_waits_for_ever(), name=name)

    with pytest.raises(DeadlockError) as caught:
        World(patience=patience).run(main())
    text = str(caught.value)
    for name in ("left", "right"):
        assert f"{name} (_waits_for_ever) waits in {__file__}" in text
    assert "locks.py" in text


def test_what_a_context_manager_waits_for_is_told_of_its_own_code():
    @contextlib.asynccontextmanager
    async def starting():
        await _waits_for_ever()
        yield

    async def main():
        async with starting():
            pass

    with pytest.raises(DeadlockError) as caught:
        World(patience=0.0).run(main())
    assert "(_waits_for_ever), there in" in str(caught.value)


def test_a_thread_outside_of_the_world_may_still_wake_it():
    loops = []
    begun, done = threading.Event(), []

    def outside():
        begun.wait(10)
        loops[0].call_soon_threadsafe(done[0].set_result, "woken")

    thread = threading.Thread(target=outside)
    thread.start()

    async def main():
        loops.append(asyncio.get_running_loop())
        done.append(loops[0].create_future())
        begun.set()
        return await done[0]

    assert World(patience=30).run(main()) == "woken"
    thread.join()


def test_many_tasks_are_counted():
    async def main():
        await asyncio.gather(*(_waits_for_ever() for _ in range(30)))

    with pytest.raises(DeadlockError, match="and 11 more"):
        World(patience=0.0).run(main())
