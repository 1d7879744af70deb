"""A world comes, and goes without a trace."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import ssl
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evalkit.errors import UsageError
from evalkit.journal.writer import Journal
from evalkit.world.swap import _swaps
from evalkit.world.world import World
from tests.world.endpoints import HOST, SECOND, always, run
from tests.world.test_http import GET, OK, exchange


def traces() -> dict[str, Any]:
    """Everything that a world replaces or might leave behind."""
    gc.collect()
    return {
        "start": threading.Thread.start,
        "join": threading.Thread.join,
        "submit": ThreadPoolExecutor.submit,
        "wrap_bio": ssl.SSLContext.wrap_bio,
        "new_event_loop": (asyncio.new_event_loop, asyncio.events.new_event_loop),
        "C functions": [swap._definition.code == swap._code for swap in _swaps.values()],
        "uuid1": uuid.uuid1.__code__,
        "uuid": [name for name in vars(uuid) if "evalkit" in name],
        "gauss": "gauss_next" in vars(random.Random),
        "zone": (os.environ.get("TZ"), time.tzname),
        "threads": threading.active_count(),
        "files": sorted(os.listdir("/proc/self/fd")),
    }


async def busy() -> str:
    """Use everything that a world has."""
    random.gauss(0, 1)
    uuid.uuid1()
    await exchange(GET, eof=True)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, HOST, 443, ssl=True)
    transport.get_extra_info("socket").fileno()
    left.append(transport)
    await asyncio.to_thread(time.sleep, 1)
    await asyncio.to_thread(asyncio.run, asyncio.sleep(1))
    threading.Thread(target=threading.Event().wait).start()
    loop.call_later(1000, int)
    left.append(asyncio.create_task(asyncio.sleep(1000)))
    left.append(asyncio.new_event_loop())
    await asyncio.sleep(1)
    return "done"


left: list[Any] = []


def test_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    run(asyncio.sleep(0))
    before = traces()

    assert run(busy(), always(OK)).value == "done"

    assert traces() == before
    assert time.tzname == ("JST", "JST")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_everything_is_put_back_when_main_raises(error: type[BaseException]) -> None:
    async def main() -> None:
        await busy()
        raise error

    run(asyncio.sleep(0))
    before = traces()

    with pytest.raises(error):
        run(main(), always(OK))

    assert traces() == before


def test_an_interrupt_out_of_a_thread_of_the_loop_is_put_back() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        asyncio.get_running_loop().call_later(1, interrupt)
        await busy()
        await asyncio.sleep(5)

    run(asyncio.sleep(0))
    before = traces()

    with pytest.raises(KeyboardInterrupt):
        run(main(), always(OK))

    assert traces() == before


def test_one_world_after_the_other() -> None:
    clocks = [run(busy(), always(OK), seed=5).now for _ in range(5)]

    assert clocks == [3 * SECOND] * 5


def test_a_world_in_a_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run, busy(), always(OK)).result().value == "done"


def test_a_world_runs_only_once() -> None:
    world = World()
    world.run(asyncio.sleep(0))

    with pytest.raises(UsageError, match="only once"):
        world.run(asyncio.sleep(0))


async def test_a_world_brings_its_own_loop() -> None:
    with pytest.raises(UsageError, match="its own event loop"):
        World().run(asyncio.sleep(0))


async def test_a_world_may_run_in_a_thread_beside_a_loop() -> None:
    assert (await asyncio.to_thread(run, busy(), always(OK))).value == "done"


def test_a_world_within_a_world_is_refused() -> None:
    def nested() -> None:
        World().run(asyncio.sleep(0))

    async def main() -> None:
        with pytest.raises(UsageError, match="another world"):
            await asyncio.to_thread(nested)

    run(main())


def test_a_world_that_is_made_and_never_run_costs_nothing() -> None:
    before = traces()
    world = World()
    world.serve(HOST, always(OK))

    assert traces() == before


def test_what_a_world_finds_goes_to_the_journal_it_is_given() -> None:
    journal = Journal()

    async def main() -> None:
        time.sleep(1)

    run(main(), journal=journal)

    assert len(journal.records) == 1


def test_tasks_that_are_left_are_cancelled() -> None:
    ended: list[str] = []

    async def linger(name: str, stubborn: bool) -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            ended.append(name)
            if stubborn:
                await asyncio.sleep(1000)
            raise

    async def main() -> None:
        left.extend(asyncio.create_task(linger(name, name == "b")) for name in "abc")
        await asyncio.sleep(1)

    ran = run(main())

    assert sorted(ended) == ["a", "b", "c"]
    assert ran.now <= 2 * SECOND


def test_asynchronous_generators_that_are_left_are_closed() -> None:
    closed: list[str] = []

    async def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.append("closed")

    async def main() -> None:
        generator = numbers()
        left.append(generator)
        await anext(generator)

    run(main())

    assert closed == ["closed"]


PROGRAM = """
import asyncio, random, sys, uuid
from evalkit.wire import Reply
from tests.world.endpoints import always, run
from tests.world.test_http import GET, exchange

async def main():
    record = []
    async def branch(n):
        await asyncio.sleep(random.random())
        await asyncio.to_thread(lambda: record.append((n, str(uuid.uuid4()))))
        await exchange(GET, eof=True)
        return n
    done, _ = await asyncio.wait({asyncio.create_task(branch(n)) for n in range(9)})
    return record, [task.result() for task in done], asyncio.get_running_loop().time()

print(run(main(), always(Reply.json({}))).value)
"""


def test_processes_of_their_own_agree() -> None:
    def once(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(
            command, env=environment, capture_output=True, check=True, text=True
        ).stdout

    assert once("1") == once("2") == once("random")
