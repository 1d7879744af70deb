"""Threads of the world take turns, wait in world time, and end with it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.world.endpoints import MS, SECOND, always, foreign_thread, on_behalf, run
from tests.world.test_http import GET, OK, WIRE_OK, exchange


def in_thread(work: Callable[[], Any]) -> Any:
    """What came of the work in a thread, and the world."""
    return run(asyncio.to_thread(work))


def test_sleeping_threads_wait_side_by_side() -> None:
    def sleeper(seconds: float) -> float:
        time.sleep(seconds)
        return time.monotonic()

    async def agent() -> list[float]:
        return await asyncio.gather(*(asyncio.to_thread(sleeper, n) for n in (3, 1, 2)))

    ran = run(agent())

    assert ran.value == [1003, 1001, 1002]
    assert ran.now == 3 * SECOND
    assert ran.findings == []


def test_a_thread_and_the_loop_share_one_clock() -> None:
    seen: list[tuple[str, float]] = []

    def ticking() -> None:
        for _ in range(3):
            time.sleep(1)
            seen.append(("thread", time.monotonic() - 1000))

    async def agent() -> None:
        working = asyncio.create_task(asyncio.to_thread(ticking))
        for _ in range(3):
            await asyncio.sleep(0.9)
            seen.append(("loop", round(time.monotonic() - 1000, 3)))
        await working

    run(agent())

    assert seen == [
        ("loop", 0.9), ("thread", 1.0), ("loop", 1.8), ("thread", 2.0), ("loop", 2.7),
        ("thread", 3.0),
    ]  # fmt: skip


def test_a_queue_between_threads() -> None:
    def work() -> list[Any]:
        jobs: queue.Queue[int | None] = queue.Queue(maxsize=2)
        done: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()

        def worker() -> None:
            while (job := jobs.get()) is not None:
                time.sleep(1)
                done.put((job, time.monotonic() - 1000))

        workers = [threading.Thread(target=worker) for _ in range(2)]
        for each in workers:
            each.start()
        for job in range(6):
            jobs.put(job)
        for each in workers:
            jobs.put(None)
        for each in workers:
            each.join()
        return [done.get() for _ in range(6)]

    ran = in_thread(work)

    assert ran.value == [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)]
    assert ran.now == 3 * SECOND


def _condition(lock: Any) -> list[Any]:
    """Two threads wait on a condition; the one that wakes them keeps the lock for a while."""
    condition, seen = threading.Condition(lock), []

    def waiter(name: str) -> None:
        with condition:
            condition.wait()
            seen.append((name, time.monotonic() - 1000))

    threads = [threading.Thread(target=waiter, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    time.sleep(1)
    with condition:
        condition.notify_all()
        time.sleep(1)
    for thread in threads:
        thread.join()
    return seen


def _event() -> list[Any]:
    event = threading.Event()
    threading.Timer(2, event.set).start()
    return [event.wait(1), time.monotonic(), event.wait(5), time.monotonic()]


def _again() -> list[Any]:
    lock, seen = threading.RLock(), []

    def holder() -> None:
        with lock, lock:
            time.sleep(2)
            seen.append("holder")

    thread = threading.Thread(target=holder)
    thread.start()
    time.sleep(1)
    seen.append(lock.acquire(timeout=0.5))
    seen.append(time.monotonic())
    with lock:
        seen.append(time.monotonic())
    return seen


def _lock() -> list[Any]:
    lock = threading.Lock()
    lock.acquire()
    threading.Timer(2, lock.release).start()
    return [
        lock.acquire(blocking=False),
        lock.acquire(timeout=0),
        lock.acquire(timeout=1),
        time.monotonic(),
        lock.acquire(),
        time.monotonic(),
    ]


def _barrier() -> list[Any]:
    barrier, seen = threading.Barrier(3), []

    def party(seconds: int) -> None:
        time.sleep(seconds)
        barrier.wait()
        seen.append((seconds, time.monotonic()))

    threads = [threading.Thread(target=party, args=(n,)) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen)


def _semaphore() -> list[Any]:
    semaphore, seen = threading.BoundedSemaphore(2), []

    def user(name: str) -> None:
        with semaphore:
            time.sleep(1)
            seen.append((name, time.monotonic()))

    threads = [threading.Thread(target=user, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def _join() -> list[Any]:
    thread = threading.Thread(target=time.sleep, args=(3,))
    thread.start()
    thread.join(timeout=1)
    early = thread.is_alive(), time.monotonic()
    thread.join()
    return [*early, thread.is_alive(), time.monotonic()]


def _queue_timeouts() -> list[Any]:
    seen: list[Any] = []
    for source in (queue.Queue[int](), queue.SimpleQueue[int]()):
        with pytest.raises(queue.Empty):
            source.get(timeout=1.5)
        with pytest.raises(queue.Empty):
            source.get(block=False)
        with pytest.raises(ValueError, match="timeout"):
            source.get(timeout=-1)
        seen.append(time.monotonic())
    return seen


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda: _condition(None), [("a", 2), ("b", 2)]),
        (lambda: _condition(threading.RLock()), [("a", 2), ("b", 2)]),
        (lambda: _condition(threading.Lock()), [("a", 2), ("b", 2)]),
        (_event, [False, 1001, True, 1002]),
        (_again, [False, 1001.5, "holder", 1002]),
        (_lock, [False, False, False, 1001, True, 1002]),
        (_barrier, [(1, 1003), (2, 1003), (3, 1003)]),
        (_semaphore, [("a", 1001), ("b", 1001), ("c", 1002)]),
        (_join, [True, 1001, False, 1003]),
        (_queue_timeouts, [1001.5, 1003]),
    ],
    ids=["condition", "condition of an RLock", "condition of a Lock", "event", "RLock", "Lock",
         "barrier", "semaphore", "join", "queues"],
)  # fmt: skip
@pytest.mark.parametrize("on", ["a thread", "the loop's thread"])
def test_what_blocks_waits_in_world_time(
    work: Callable[[], list[Any]], expected: list[Any], on: str
) -> None:
    async def agent() -> list[Any]:
        return await asyncio.to_thread(work) if on == "a thread" else work()

    ran = run(agent())

    assert ran.value == expected
    assert bool(ran.findings) == (on != "a thread")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: threading.Lock().acquire(False, 1), ValueError),
        (lambda: threading.Lock().acquire(True, -2), ValueError),
        (lambda: threading.Lock().acquire("a", "b"), TypeError),
        (lambda: threading.Lock().acquire(waiting=True), TypeError),
        (lambda: threading.RLock().acquire(timeout=1e30), OverflowError),
        (lambda: threading.Lock().release(), RuntimeError),
        (lambda: threading.Thread().join(), RuntimeError),
        (lambda: threading.current_thread().join(), RuntimeError),
    ],
)
def test_bad_arguments_raise_what_they_raise_outside(
    call: Callable[[], Any], error: type[Exception]
) -> None:
    def work() -> None:
        with pytest.raises(error):
            call()

    in_thread(work)
    work()


def test_blocking_on_a_future_in_the_loops_thread_is_found() -> None:
    async def agent() -> float:
        with ThreadPoolExecutor() as pool:
            future = pool.submit(time.sleep, 2)
            future.result()
        return time.monotonic()

    ran = run(agent())

    assert ran.value == 1002
    assert ran.findings == ["the agent blocked the event loop for 2 s: waiting for a lock"]


def test_work_in_a_pool_that_does_not_wait_blocks_nothing() -> None:
    async def agent() -> int:
        with ThreadPoolExecutor() as pool:
            return pool.submit(pow, 2, 3).result()

    ran = run(agent())

    assert (ran.value, ran.now, ran.findings) == (8, 0, [])


def test_wrapped_futures_of_a_pool() -> None:
    async def agent() -> Any:
        with ThreadPoolExecutor(2) as pool:
            futures = [asyncio.wrap_future(pool.submit(time.sleep, 1)) for _ in range(4)]
            await asyncio.wait(futures)
            return time.monotonic()

    ran = run(agent())

    assert (ran.value, ran.findings) == (1002, [])


def test_a_thread_calls_the_loop() -> None:
    async def answer() -> float:
        await asyncio.sleep(2)
        return time.monotonic()

    async def agent() -> tuple[float, float]:
        loop = asyncio.get_running_loop()

        def work() -> tuple[float, float]:
            future = asyncio.run_coroutine_threadsafe(answer(), loop)
            return future.result(timeout=5), time.monotonic()

        return await asyncio.to_thread(work)

    assert run(agent()).value == (1002, 1002)


def test_anyio_threads() -> None:
    anyio = pytest.importorskip("anyio")

    def work() -> float:
        time.sleep(1)
        anyio.from_thread.run(asyncio.sleep, 1)
        anyio.from_thread.run_sync(time.monotonic)
        return time.monotonic()

    async def agent() -> list[float]:
        return [await anyio.to_thread.run_sync(work) for _ in range(3)]

    ran = run(agent())

    assert (ran.value, ran.findings) == ([1002, 1004, 1006], [])


def test_a_thread_may_run_a_loop_of_its_own() -> None:
    async def talk() -> tuple[bytes, float]:
        await asyncio.sleep(1)
        answer = await exchange(GET, eof=True)
        return answer, time.monotonic()

    async def agent() -> Any:
        return await asyncio.gather(
            *(asyncio.to_thread(asyncio.run, talk()) for _ in range(3)), asyncio.sleep(0.5)
        )

    service = always(OK.after(200 * MS))
    ran = run(agent(), service)

    assert ran.value == [(WIRE_OK, pytest.approx(1001.2))] * 3 + [None]
    assert (ran.now, ran.findings) == (1_200 * MS, [])


def test_a_loop_in_the_background() -> None:
    def background(loop: asyncio.AbstractEventLoop) -> None:
        loop.run_forever()
        loop.close()

    async def agent() -> float:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=background, args=(loop,))
        thread.start()
        future = asyncio.run_coroutine_threadsafe(asyncio.sleep(3), loop)
        await asyncio.wrap_future(future)
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        return time.monotonic()

    ran = run(agent())

    assert (ran.value, ran.findings) == (1003, [])


def test_a_thread_that_spins_lets_the_loop_go_on() -> None:
    async def agent() -> int:
        done = threading.Event()

        def spin() -> int:
            rounds = 0
            while not done.is_set():
                time.sleep(0)
                rounds += 1
            return rounds

        spinning = asyncio.create_task(asyncio.to_thread(spin))
        for _ in range(50):
            await asyncio.sleep(0)
        done.set()
        return await spinning

    ran = run(agent())

    assert 0 < ran.value < 200
    assert ran.now == 0


# Whose thread is it ------------------------------------------------------------------------------


def _session() -> str | None:
    caller = CALLER.get()
    return None if caller is None else caller.session


def test_a_thread_works_for_the_session_that_started_it() -> None:
    async def agent() -> Any:
        seen: list[Any] = []
        pool = ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()

        async def session() -> None:
            thread = threading.Thread(target=lambda: seen.append(("thread", _session())))
            thread.start()
            thread.join()
            seen.append(("to_thread", await asyncio.to_thread(_session)))
            seen.append(("executor", await loop.run_in_executor(None, _session)))
            seen.append(("pool", await asyncio.wrap_future(pool.submit(_session))))
            seen.append(("map", *pool.map(lambda _: _session(), [0])))

        for name in ("ann", "ben"):
            await asyncio.create_task(on_behalf(name, session()))
        seen.append(("pool", await asyncio.wrap_future(pool.submit(_session))))
        pool.shutdown()
        return seen

    seams = ["thread", "to_thread", "executor", "pool", "map"]
    expected = [(seam, name) for name in ("ann", "ben") for seam in seams]

    assert run(agent()).value == [*expected, ("pool", None)]


def test_threads_of_no_world_are_neither_waited_for_nor_hurried() -> None:
    release = threading.Event()

    async def agent() -> tuple[float, bool]:
        thread = foreign_thread(lambda: release.wait(60))
        thread.start()
        await asyncio.sleep(1000)
        return time.monotonic(), thread.is_alive()

    ran = run(agent())
    release.set()

    assert (ran.value, ran.findings) == ((2000, True), [])


def test_a_lock_that_a_thread_of_no_world_holds_is_waited_for_in_real_time() -> None:
    lock, held = threading.Lock(), threading.Event()

    def hold() -> None:
        for _ in range(20):
            with lock:
                held.set()
                time.sleep(0.002)

    async def agent() -> float:
        foreign_thread(hold).start()
        while not held.is_set():
            await asyncio.sleep(0)
        for _ in range(5):
            with lock:
                pass
            await asyncio.to_thread(lock.acquire)
            lock.release()
        return time.monotonic()

    ran = run(agent())

    assert ran.value == pytest.approx(1000, abs=1e-6)
    assert ran.findings == []


def test_joining_a_thread_of_no_world_takes_no_world_time() -> None:
    async def agent() -> float:
        thread = foreign_thread(lambda: time.sleep(0.005))
        thread.start()
        thread.join()
        return time.monotonic()

    assert run(agent()).value == 1000


# Repeatability -----------------------------------------------------------------------------------


def test_a_fan_out_over_tasks_and_threads_gives_one_record() -> None:
    def once() -> tuple[Any, ...]:
        record: list[Any] = []
        total = [0]
        lock = threading.Lock()

        def crunch(name: str, rounds: int) -> str:
            for number in range(rounds):
                with lock:
                    before = total[0]
                    time.sleep(0.001 * (number % 3))
                    total[0] = before + 1
                record.append((name, number, time.monotonic()))
            return name

        async def branch(name: str) -> Any:
            threads = [asyncio.to_thread(crunch, f"{name}{n}", 3 + n) for n in range(3)]
            call = exchange(GET, eof=True)
            results = await asyncio.gather(*threads, call)
            record.append((name, "gathered", results[:-1]))
            with ThreadPoolExecutor(2) as pool:
                futures = {pool.submit(crunch, f"{name}-{n}", 2) for n in range(4)}
                done = await asyncio.to_thread(
                    lambda: [f.result() for f in concurrent.futures.as_completed(futures)]
                )
            record.append((name, "pooled", done))
            return name

        async def agent() -> None:
            pending = {asyncio.create_task(on_behalf(name, branch(name))) for name in "abcdefgh"}
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                record.extend(("done", task.result()) for task in done)

        service = always(OK.after(3 * MS))
        ran = run(agent(), service)
        return record, total, ran.now, service.sessions, ran.findings

    first = once()

    assert first[1] == [8 * (3 + 4 + 5 + 8)]
    assert first[4] == []
    assert all(once() == first for _ in range(9))


# The end -----------------------------------------------------------------------------------------


def test_threads_that_still_wait_end_with_the_world(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []
    cleaned: list[str] = []

    def wait_for(name: str, waiting: Callable[[], Any]) -> None:
        try:
            waiting()
        finally:
            cleaned.append(name)
        ended.append(name)

    pool = ThreadPoolExecutor(2)
    lock = threading.Lock()
    waits: dict[str, Callable[[], Any]] = {
        "event": threading.Event().wait,
        "queue": queue.Queue[int]().get,
        "simple queue": queue.SimpleQueue[int]().get,
        "lock": lock.acquire,
        "with": lambda: lock.__enter__(),
        "sleep": lambda: time.sleep(1e9),
        "loop": lambda: asyncio.run(asyncio.sleep(1e9)),
    }

    async def agent() -> None:
        lock.acquire()
        for name, waiting in waits.items():
            threading.Thread(target=wait_for, args=(name, waiting)).start()
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, wait_for, "executor", threading.Event().wait)
        pool.submit(wait_for, "pool", threading.Event().wait)
        pool.submit(int)
        await asyncio.sleep(1)

    before = threading.active_count()
    with caplog.at_level(logging.DEBUG):
        run(agent())

    assert threading.active_count() == before
    assert sorted(cleaned) == sorted([*waits, "executor", "pool"])
    assert ended == []
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_a_thread_that_will_not_be_unwound_at_first_ends_later() -> None:
    caught: list[str] = []

    def stubborn() -> None:
        for _ in range(20):
            try:
                time.sleep(1e6)
            except BaseException as error:
                caught.append(type(error).__name__)

    async def agent() -> None:
        threading.Thread(target=stubborn).start()
        await asyncio.sleep(1)

    before = threading.active_count()
    run(agent())

    assert caught == ["WorldEnded"] * 20
    assert threading.active_count() == before


def test_an_error_in_a_thread_is_reported_as_ever() -> None:
    reported: list[Any] = []

    async def agent() -> None:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        await asyncio.to_thread(thread.join)

    hook, threading.excepthook = threading.excepthook, lambda args: reported.append(args.exc_type)
    try:
        run(agent())
    finally:
        threading.excepthook = hook

    assert reported == [ZeroDivisionError]


@pytest.mark.parametrize("where", ["loop", "thread", "loop's thread"])
def test_a_deadlock_does_not_move_the_clock(where: str) -> None:
    lock, stuck = threading.Lock(), threading.Event()
    world = World()

    def free() -> None:
        """From outside of the world, after some real time, as a watchdog would look in."""
        stuck.wait()
        time.sleep(0.05)
        seen.append(world.clock.now)
        if where == "loop":
            waiting[0].get_loop().call_soon_threadsafe(waiting[0].set_result, None)
        else:
            lock.release()

    async def agent() -> None:
        foreign_thread(free).start()
        await asyncio.sleep(5)
        waiting.append(asyncio.get_running_loop().create_future())
        lock.acquire()
        stuck.set()
        if where == "loop":
            await waiting[0]
        elif where == "thread":
            await asyncio.to_thread(lock.acquire)
        else:
            lock.acquire()

    seen: list[int] = []
    waiting: list[asyncio.Future[None]] = []
    world.run(agent())

    assert seen == [5 * SECOND]
    assert world.clock.now == 5 * SECOND
