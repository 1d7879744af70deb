"""A life ends as a process does: its connections break, then its tasks are cancelled."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from evalkit.journal.records import Outcome
from evalkit.wire import Reply
from evalkit.world.lives import LIFE, Life
from tests.world.endpoints import HOST, SECOND, always, run

SLOW = Reply.json({"fine": True}).after(5 * SECOND)


def living(life: Life, work: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
    """A task of a life."""
    context = contextvars.copy_context()
    context.run(LIFE.set, life)

    async def working() -> Any:
        return await work()

    return asyncio.get_running_loop().create_task(working(), context=context)


async def ask() -> int:
    async with httpx.AsyncClient(base_url=f"http://{HOST}") as client:
        return (await client.get("/")).status_code


def test_what_is_under_way_breaks_off_and_nothing_new_begins() -> None:
    said: list[str] = []

    async def work() -> None:
        client = httpx.AsyncClient(base_url=f"http://{HOST}", timeout=None)
        try:
            await client.get("/")
        finally:
            for again in (client.get("/"), ask()):
                try:
                    await again
                except httpx.HTTPError as error:
                    said.append(type(error).__name__)

    async def main() -> None:
        life = Life()
        task = living(life, work)
        await asyncio.sleep(1)
        assert life.end("why") == (task,)
        await asyncio.wait({task})
        assert task.cancelled()
        assert life.cut_off(task)

    service = always(SLOW)
    ran = run(main(), service)
    assert len(service.requests) == 1
    assert service.outcomes == [Outcome.ABANDONED]
    assert said == ["ConnectError", "ConnectError"]
    assert ran.findings == []


def test_the_tasks_of_its_tasks_are_its_own_and_others_are_not() -> None:
    ended: list[str] = []

    async def sleeps(name: str) -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ended.append(name)

    async def family() -> None:
        asyncio.create_task(sleeps("child"))  # noqa: RUF006
        asyncio.get_running_loop().set_task_factory(
            lambda loop, coro, **kwargs: asyncio.Task(coro, loop=loop, **kwargs)  # type: ignore[arg-type]
        )
        asyncio.create_task(sleeps("of another factory"))  # noqa: RUF006
        asyncio.get_running_loop().set_task_factory(None)
        await sleeps("parent")

    async def main() -> list[str]:
        life, other = Life(), Life()
        living(life, family)
        living(other, lambda: sleeps("another"))
        stranger = asyncio.create_task(sleeps("stranger"))
        await asyncio.sleep(1)
        life.end("why")
        await asyncio.sleep(1)
        stranger.cancel()
        return list(ended)

    assert run(main()).value == ["parent", "child", "of another factory"]


def test_a_task_that_was_done_before_is_not_cut_off_and_one_made_after_is() -> None:
    async def main() -> tuple[bool, bool, bool]:
        life = Life()
        before = living(life, lambda: asyncio.sleep(0))
        await asyncio.sleep(1)
        life.end("why")
        after = living(life, lambda: asyncio.sleep(1e6))
        await asyncio.wait({before, after})
        return life.cut_off(before), life.cut_off(after), after.cancelled()

    assert run(main()).value == (False, True, True)


def test_a_service_does_not_die_with_its_client() -> None:
    made: list[asyncio.Task[Any]] = []

    async def handler(_: object) -> Reply:
        assert LIFE.get() is None
        made.append(asyncio.create_task(asyncio.sleep(3, "went on")))
        return SLOW

    async def main() -> str:
        life = Life()
        living(life, ask)
        await asyncio.sleep(1)
        life.end("why")
        return str(await made[0])

    service = always(None)
    service.handler, service.waits = handler, True  # type: ignore[assignment]
    assert run(main(), service).value == "went on"


@pytest.mark.parametrize("thread", [asyncio.to_thread, None])
def test_a_thread_goes_on_without_a_network(thread: Any) -> None:
    said: list[str] = []

    def in_thread() -> None:
        import time

        time.sleep(3)
        try:
            asyncio.run(ask())
        except asyncio.CancelledError:
            said.append("asked nobody")

    async def work() -> None:
        if thread is None:
            await asyncio.get_running_loop().run_in_executor(None, in_thread)
        else:
            await thread(in_thread)

    async def main() -> None:
        life = Life()
        living(life, work)
        await asyncio.sleep(1)
        life.end("why")
        await asyncio.sleep(9)

    ran = run(main(), always(Reply.json({})))
    assert said == ["asked nobody"]
    assert ran.opened == 0


def test_many_tasks_and_connections_leave_nothing_behind() -> None:
    async def main() -> int:
        life = Life()

        async def work() -> None:
            for _ in range(300):
                assert await ask() == 200
                await asyncio.create_task(asyncio.sleep(0))

        await living(life, work)
        return len(life._tasks) + len(life._connections)

    assert run(main(), always(Reply.json({}))).value < 200
