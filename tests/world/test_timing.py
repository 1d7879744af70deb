"""What tells the time tells the world's, in the world and nowhere else."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import time
from collections.abc import Callable
from datetime import date, datetime
from time import (
    ctime,
    gmtime,
    localtime,
    monotonic,
    monotonic_ns,
    perf_counter,
    perf_counter_ns,
    sleep,
    strftime,
    time_ns,
)
from time import time as now
from typing import Any

import pytest

from evalkit.world.turns import Turns
from tests.world.endpoints import SECOND, foreign_thread, run

START = datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
EPOCH = int(START.timestamp())
SINCE = 90.5  # seconds after the start at which the clocks are read


class Mine(datetime):
    pass


def utcnow() -> datetime:
    with pytest.MonkeyPatch.context():
        return datetime.utcnow()


READINGS: list[tuple[Callable[[], Any], Any]] = [
    (now, EPOCH + SINCE),
    (lambda: time.time(), EPOCH + SINCE),
    (time_ns, EPOCH * SECOND + 90_500_000_000),
    (monotonic, 1000 + SINCE),
    (monotonic_ns, 1_090_500_000_000),
    (perf_counter, 1000 + SINCE),
    (perf_counter_ns, 1_090_500_000_000),
    (lambda: time.clock_gettime(time.CLOCK_REALTIME), EPOCH + SINCE),
    (lambda: time.clock_gettime_ns(time.CLOCK_REALTIME), EPOCH * SECOND + 90_500_000_000),
    (lambda: datetime.now(), datetime(2026, 1, 5, 9, 1, 30, 500_000)),
    (lambda: datetime.now(dt.UTC), START + dt.timedelta(seconds=SINCE)),
    (lambda: datetime.now(tz=dt.timezone(dt.timedelta(hours=2))).hour, 11),
    (lambda: datetime.now(None), datetime(2026, 1, 5, 9, 1, 30, 500_000)),
    (lambda: datetime.today(), datetime(2026, 1, 5, 9, 1, 30, 500_000)),
    (lambda: Mine.now(), Mine(2026, 1, 5, 9, 1, 30, 500_000)),
    (lambda: type(Mine.now()), Mine),
    (lambda: type(Mine.today()), Mine),
    (lambda: date.today(), date(2026, 1, 5)),
    (lambda: type(date.today()), date),
    (lambda: strftime("%Y-%m-%d %H:%M:%S"), "2026-01-05 09:01:30"),
    (lambda: strftime("%H", time.gmtime(0)), "00"),
    (ctime, "Mon Jan  5 09:01:30 2026"),
    (lambda: ctime(None), "Mon Jan  5 09:01:30 2026"),
    (lambda: ctime(0), "Thu Jan  1 00:00:00 1970"),
    (time.asctime, "Mon Jan  5 09:01:30 2026"),
    (lambda: time.asctime(time.gmtime(0)), "Thu Jan  1 00:00:00 1970"),
    (lambda: localtime()[:6], (2026, 1, 5, 9, 1, 30)),
    (lambda: gmtime(None)[:6], (2026, 1, 5, 9, 1, 30)),
    (lambda: gmtime(0)[:3], (1970, 1, 1)),
    (lambda: os.environ["TZ"], "UTC"),
]


@pytest.mark.parametrize("at", range(len(READINGS)))
def test_every_clock_tells_world_time(at: int) -> None:
    read, expected = READINGS[at]

    async def agent() -> Any:
        await asyncio.sleep(SINCE)
        return read(), await asyncio.to_thread(read)

    assert run(agent()).value == (expected, expected)


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")
def test_utcnow_tells_world_time() -> None:
    async def agent() -> datetime:
        return datetime.utcnow()

    assert run(agent()).value == START.replace(tzinfo=None)


def test_a_suite_chooses_when_the_world_begins() -> None:
    async def agent() -> datetime:
        return datetime.now(dt.UTC)

    begun = run(agent(), starts_at="2030-06-01T12:00:00+02:00").value

    assert begun == datetime(2030, 6, 1, 10, tzinfo=dt.UTC)


def test_outside_of_a_world_time_is_real() -> None:
    def read() -> tuple[float, float, float]:
        return monotonic(), perf_counter(), now()

    async def agent() -> tuple[float, float, float]:
        await asyncio.sleep(1e6)
        return read()

    before = read()
    within = run(agent()).value
    after = read()

    assert within == (1_001_000, 1_001_000, EPOCH + 1e6)
    for earlier, later in zip(before, after, strict=True):
        assert 0 <= later - earlier < 600


def test_a_thread_of_no_world_keeps_real_time() -> None:
    told: list[tuple[float, float]] = []

    def report() -> None:
        told.append((monotonic(), now()))
        sleep(0.002)
        told.append((monotonic(), now()))

    async def agent() -> None:
        foreign_thread(report).start()
        while len(told) < 2:
            await asyncio.sleep(1000)

    before = monotonic(), now()
    run(agent())
    after = monotonic(), now()

    moments = [before, *told, after]
    assert moments == sorted(moments)
    assert after[0] - before[0] < 600


def test_cpu_clocks_and_the_machines_monotonic_clock_stay_real() -> None:
    async def agent() -> tuple[int, int, int]:
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        cpu = time.process_time_ns()
        await asyncio.sleep(1e6)
        return (
            time.clock_gettime_ns(time.CLOCK_MONOTONIC) - before,
            time.process_time_ns() - cpu,
            time.thread_time_ns(),
        )

    elapsed, cpu, thread_cpu = run(agent()).value

    assert 0 < elapsed < 600 * SECOND
    assert 0 <= cpu < 600 * SECOND
    assert thread_cpu > 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: time.sleep(-1), ValueError),
        (lambda: time.sleep(float("nan")), ValueError),
        (lambda: time.sleep(float("inf")), OverflowError),
        (lambda: time.sleep("1"), TypeError),
        (lambda: time.sleep(), TypeError),
        (lambda: time.time(1), TypeError),
        (lambda: time.gmtime("now"), TypeError),
        (lambda: time.gmtime(1, 2), TypeError),
        (lambda: time.gmtime(float("inf")), OverflowError),
        (lambda: time.strftime(), TypeError),
        (lambda: time.strftime(5), TypeError),
        (lambda: time.strftime("%Y", None), TypeError),
        (lambda: time.asctime(None), TypeError),
        (lambda: time.clock_gettime("wall"), TypeError),
        (lambda: datetime.now(5), TypeError),
        (lambda: datetime.now(dt.UTC, dt.UTC), TypeError),
        (lambda: datetime.now(zone=dt.UTC), TypeError),
        (lambda: date.today(1), TypeError),
    ],
)
def test_bad_arguments_raise_what_they_raise_outside(
    call: Callable[[], Any], error: type[Exception]
) -> None:
    async def agent() -> None:
        with pytest.raises(error):
            call()

    run(agent())
    with pytest.raises(error):
        call()


@pytest.mark.parametrize("length", [0, 1, 2.5, 3600 * 24 * 365, True])
def test_sleep_takes_exactly_its_time(length: float) -> None:
    ran = run(asyncio.to_thread(time.sleep, length))

    assert ran.now == length * SECOND
    assert ran.findings == []


def test_sleep_on_the_loops_thread_moves_the_clock_and_is_found() -> None:
    async def agent() -> float:
        time.sleep(2)
        time.sleep(0)
        return monotonic()

    ran = run(agent())

    assert ran.value == 1002.0
    assert ran.findings == ["the agent blocked the event loop for 2 s: time.sleep"]


def test_a_wait_too_short_for_a_float_ends() -> None:
    def until(end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            time.sleep(left)

    async def until_too(end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(left)

    async def agent() -> None:
        for length in (0.1, 1 / 3, 5.1, 12.7):
            await asyncio.to_thread(until, time.monotonic() + length)
            await until_too(time.monotonic() + length)

    ran = run(agent())

    assert ran.now == pytest.approx(2 * (0.1 + 1 / 3 + 5.1 + 12.7) * SECOND, abs=20)


def test_a_world_has_no_time_of_its_own_before_it_begins() -> None:
    assert not Turns(None, None).in_world()  # type: ignore[arg-type]
