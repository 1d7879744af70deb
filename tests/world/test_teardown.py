"""Everything a world replaces is put back after it, and nothing of it is left."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
import random
import secrets
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

import httpx
import pytest

from evalkit.errors import UsageError
from evalkit.wire import Head, Reply, Stall
from evalkit.world.world import World
from tests.world.endpoints import HOST, SECOND, always, run

OK = Reply.json({"ok": True})
DESCRIPTORS = Path("/proc/self/fd")
PATCHED: dict[str, Callable[[], object]] = {
    "Thread.start": lambda: threading.Thread.start,
    "Thread.join": lambda: threading.Thread.join,
    "ThreadPoolExecutor.submit": lambda: ThreadPoolExecutor.submit,
    "SSLContext.wrap_bio": lambda: vars(ssl.SSLContext).get("wrap_bio"),
    "asyncio.new_event_loop": lambda: asyncio.new_event_loop,
    "asyncio.events.new_event_loop": lambda: asyncio.events.new_event_loop,
    "uuid1": lambda: uuid.uuid1.__code__,
    "names in uuid": lambda: sorted(vars(uuid)),
    "Random.gauss_next": lambda: vars(random.Random).get("gauss_next"),
    "TZ": lambda: os.environ.get("TZ"),
    "time zone": lambda: (time.tzname, time.localtime(0)[:6]),
    "random": lambda: random.getstate(),
}


left: list[Any] = []
"""What an agent keeps alive until its world is over."""


class Failed(Exception):
    """What the agent raises."""


async def well() -> None:
    async with httpx.AsyncClient() as client:
        await asyncio.gather(*(client.get(f"https://{HOST}/") for _ in range(5)))
    await asyncio.to_thread(time.sleep, 30)
    random.seed(7)
    random.gauss(0, 1)
    uuid.uuid1()


async def badly() -> None:
    await well()
    raise Failed


async def leaving_everything_open() -> None:
    """End with a request under way, threads that wait for ever, and tasks."""
    never = threading.Event()
    threading.Thread(target=never.wait).start()
    asyncio.get_running_loop().run_in_executor(None, never.wait)
    client = httpx.AsyncClient(timeout=None)
    left.append(asyncio.ensure_future(client.get(f"http://{HOST}/stall")))
    left.append(client)
    await asyncio.sleep(1)


MAINS = [well, badly, leaving_everything_open]


def after(main: Callable[[], Coroutine[Any, Any, None]]) -> World:
    """A world in which `main` ran to its end, whatever that was."""
    world = World()
    stalls = Reply(plan=(Head(), Stall()))
    world.serve(HOST, always(stalls if main is leaving_everything_open else OK))
    with suppress(Failed):
        world.run(main())
    left.clear()
    return world


@pytest.fixture(params=[None, "Asia/Tokyo"])
def zone(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the machine stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TZ", raising=False)
        if request.param is not None:
            patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.parametrize("main", MAINS)
def test_what_was_replaced_is_put_back(
    main: Callable[[], Coroutine[Any, Any, None]], zone: str | None
) -> None:
    before = {name: look() for name, look in PATCHED.items()}

    after(main)

    assert os.environ.get("TZ") == zone
    assert {name: look() for name, look in PATCHED.items()} == before


@pytest.mark.parametrize("main", MAINS)
def test_time_is_real_again_under_every_name(
    main: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    before = monotonic(), time_ns()
    world = after(main)

    assert world.clock.now >= SECOND
    assert 0 <= monotonic() - before[0] < 60
    assert 0 <= time_ns() - before[1] < 60 * SECOND
    assert abs(dt.datetime.now(dt.UTC).timestamp() - time.time()) < 60
    assert abs(time.mktime(time.localtime()) - time.time()) < 60


def test_chance_is_chance_again() -> None:
    def drawn() -> tuple[object, ...]:
        after(well)
        return uuid.uuid4(), secrets.token_hex(), os.urandom(16)

    assert not set(drawn()) & set(drawn())


def test_children_sockets_and_threads_are_allowed_again() -> None:
    after(well)

    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threading.get_ident).result() != threading.get_ident()

    async def over_loopback() -> bytes:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"real")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            data = await reader.read()
            writer.close()
        return data

    assert asyncio.run(over_loopback()) == b"real"


@pytest.mark.parametrize("main", MAINS)
def test_no_thread_is_left(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    before = set(threading.enumerate())
    after(main)

    assert set(threading.enumerate()) == before


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("main", MAINS)
def test_no_file_descriptor_is_left(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    after(main)  # whatever is opened once and for all
    gc.collect()
    before = len(list(DESCRIPTORS.iterdir()))
    for _ in range(3):
        after(main)
    gc.collect()

    assert len(list(DESCRIPTORS.iterdir())) == before


def test_two_worlds_one_after_the_other_are_alike() -> None:
    async def agent() -> tuple[object, ...]:
        await well()
        return time.time(), monotonic(), random.random(), uuid.uuid4(), uuid.uuid1()

    first, second = (run(agent(), always(OK)) for _ in range(2))

    assert first.value == second.value
    assert first.now == second.now == 30 * SECOND


def test_a_client_that_outlives_its_world_works_in_the_next() -> None:
    client = httpx.AsyncClient()

    async def agent() -> int:
        return (await client.get(f"https://{HOST}/")).status_code

    assert [run(agent(), always(OK)).value for _ in range(2)] == [200, 200]


def test_a_world_runs_only_once() -> None:
    world = World()
    world.run(asyncio.sleep(1))

    with pytest.raises(UsageError, match="runs only once"):
        world.run(asyncio.sleep(1))


def test_a_world_inside_a_running_loop_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(UsageError, match="brings its own event loop"):
            World().run(asyncio.sleep(1))

    before = {name: look() for name, look in PATCHED.items()}
    asyncio.run(main())

    assert {name: look() for name, look in PATCHED.items()} == before


def test_a_world_inside_another_is_refused() -> None:
    async def inner() -> None:
        with pytest.raises(UsageError, match="another world is running"):
            await asyncio.to_thread(World().run, asyncio.sleep(1))
        assert time.time() == at

    at = World().clock.wall / SECOND
    assert run(inner()).now == 0


def test_what_the_agent_raises_comes_out() -> None:
    with pytest.raises(Failed):
        run(badly(), always(OK))


def test_an_interrupt_ends_the_world_and_puts_everything_back() -> None:
    async def interrupted() -> None:
        await well()
        raise KeyboardInterrupt

    before = {name: look() for name, look in PATCHED.items()}
    with pytest.raises(KeyboardInterrupt):
        run(interrupted(), always(OK))

    assert {name: look() for name, look in PATCHED.items()} == before
