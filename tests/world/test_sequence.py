"""Sets of tasks and futures iterate in an order that depends on the code alone."""

from __future__ import annotations

import asyncio
import concurrent.futures
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.world.sequence import Sequence
from tests.world.endpoints import HOST, MS, always, on_behalf, run
from tests.world.test_http import OK, exchange


@pytest.mark.parametrize("count", [2, 5, 20, 100, 1000])
def test_a_set_of_tasks_made_together_iterates_in_their_order(count: int) -> None:
    async def agent() -> list[int]:
        tasks = {asyncio.create_task(asyncio.sleep(1, number)) for number in range(count)}
        done, _ = await asyncio.wait(tasks)
        assert [task.result() for task in tasks] == [task.result() for task in done]
        return [task.result() for task in done]

    assert run(agent()).value == list(range(count))


def test_what_came_before_does_not_change_the_order() -> None:
    async def agent(others: int) -> list[int]:
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(others)))
        loop = asyncio.get_running_loop()
        futures = {loop.create_future() for _ in range(5)}
        for number, future in enumerate(futures):
            loop.call_later(1, future.set_result, number)
        await asyncio.sleep(0)
        tasks = {asyncio.create_task(asyncio.sleep(1, number)) for number in range(5)}
        done, _ = await asyncio.wait(tasks)
        return [task.result() for task in done]

    assert all(run(agent(others)).value == [0, 1, 2, 3, 4] for others in range(12))


def test_another_sessions_work_does_not_change_the_order() -> None:
    async def agent(others: int) -> list[int]:
        async def work() -> list[int]:
            await asyncio.sleep(1)
            tasks = {asyncio.create_task(asyncio.sleep(1, number)) for number in range(7)}
            done, _ = await asyncio.wait(tasks)
            return [task.result() for task in done]

        waiting = [asyncio.create_task(on_behalf(f"other {n}", work())) for n in range(others)]
        found = await asyncio.create_task(on_behalf("mine", work()))
        await asyncio.gather(*waiting)
        return found

    assert {tuple(run(agent(others)).value) for others in range(10)} == {tuple(range(7))}


def test_an_opened_connection_does_not_change_the_order() -> None:
    async def agent(opened: int) -> list[int]:
        for _ in range(opened):
            await exchange(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        tasks = {asyncio.create_task(asyncio.sleep(1, number)) for number in range(7)}
        return [task.result() for task in (await asyncio.wait(tasks))[0]]

    orders = {tuple(run(agent(opened), always(OK.after(MS))).value) for opened in range(6)}

    assert orders == {tuple(range(7))}
    assert HOST == "api.test"


def test_sets_of_a_pools_futures_iterate_in_their_order() -> None:
    def fan_out() -> list[int]:
        with ThreadPoolExecutor(4) as pool:
            futures = {pool.submit(pow, number, 1) for number in range(9)}
            done, _ = concurrent.futures.wait(futures)
            return [future.result() for future in done]

    assert run(asyncio.to_thread(fan_out)).value == list(range(9))


def test_tasks_and_futures_are_equal_to_themselves_alone() -> None:
    async def agent() -> tuple[bool, bool, int]:
        loop = asyncio.get_running_loop()
        one = loop.create_future()
        task = asyncio.create_task(asyncio.sleep(0))
        await asyncio.sleep(0)
        other = asyncio.create_task(asyncio.sleep(0))
        await asyncio.wait({task, other})
        return one == one, task == other, len({task, other, one, task})

    assert run(agent()).value == (True, False, 3)


@given(st.lists(st.sampled_from(["step", "task", "future"])))
def test_numbers_of_one_session_never_repeat(events: list[str]) -> None:
    sequence = Sequence()
    numbers: list[Any] = []
    for event in events:
        if event == "step":
            sequence.step()
        else:
            numbers.append(sequence.next(event))

    assert len(set(numbers)) == len(numbers)


def test_a_task_factory_of_the_agents_is_kept() -> None:
    made: list[Any] = []

    def factory(loop: Any, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        made.append(coro)
        return asyncio.Task(coro, loop=loop, **kwargs)

    async def agent() -> int:
        asyncio.get_running_loop().set_task_factory(factory)
        return await asyncio.create_task(asyncio.sleep(1, 5))

    assert run(agent()).value == 5
    assert len(made) == 1
