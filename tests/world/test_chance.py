"""Randomness is seeded, keyed by session, and put back."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
import tempfile
import uuid
from collections.abc import Callable
from random import choice, gauss, randint, shuffle
from secrets import token_hex
from typing import Any
from uuid import uuid1, uuid4

import pytest

from tests.world.endpoints import MS, foreign_thread, on_behalf, run


def _gaussed() -> list[float]:
    return [gauss(0, 1) for _ in range(3)]


def _shuffled() -> list[int]:
    cards = list(range(50))
    shuffle(cards)
    return cards


SOURCES: dict[str, Callable[[], Any]] = {
    "random": random.random,
    "getrandbits": lambda: random.getrandbits(64),
    "randint": lambda: randint(0, 10**9),
    "uniform": lambda: random.uniform(0, 1),
    "choice": lambda: choice(range(10**9)),
    "shuffle": _shuffled,
    "sample": lambda: random.sample(range(10**6), 5),
    "gauss": _gaussed,
    "randbytes": lambda: random.randbytes(8),
    "unseeded Random()": lambda: random.Random().random(),
    "SystemRandom": lambda: random.SystemRandom().random(),
    "reseeded Random": lambda: _reseeded().random(),
    "urandom": lambda: os.urandom(16),
    "token_hex": token_hex,
    "token_urlsafe": secrets.token_urlsafe,
    "secrets.randbelow": lambda: secrets.randbelow(10**9),
    "uuid1": uuid1,
    "uuid4": uuid4,
    "tempfile": lambda: next(tempfile._RandomNameSequence()),  # type: ignore[attr-defined]
}
if hasattr(os, "getrandom"):
    SOURCES["getrandom"] = lambda: os.getrandom(16)
if sys.version_info >= (3, 14):
    SOURCES |= {"uuid6": uuid.uuid6, "uuid7": uuid.uuid7, "uuid8": uuid.uuid8}
try:
    import numpy as np
except ImportError:
    pass
else:
    SOURCES |= {
        "numpy.random.rand": lambda: tuple(np.random.rand(3)),
        "numpy.random.normal": lambda: np.random.normal(),
        "numpy.random.random_sample": lambda: np.random.random_sample(),
        "numpy.random.sample": lambda: np.random.sample(),
        "numpy.random.choice": lambda: np.random.choice(10**9),
        "numpy.random.default_rng": lambda: np.random.default_rng().random(),
    }
try:
    import uuid_utils
    from uuid_utils.compat import uuid7 as compat_uuid7
except ImportError:
    pass
else:
    SOURCES |= {
        "uuid_utils.uuid1": uuid_utils.uuid1,
        "uuid_utils.uuid4": uuid_utils.uuid4,
        "uuid_utils.uuid6": uuid_utils.uuid6,
        "uuid_utils.uuid7": uuid_utils.uuid7,
        "uuid_utils.compat.uuid4": uuid_utils.compat.uuid4,
        "uuid_utils.compat.uuid7": compat_uuid7,
    }

source = pytest.mark.parametrize("draw", SOURCES.values(), ids=SOURCES.keys())


def _reseeded() -> random.Random:
    generator = random.Random(1)
    generator.seed()
    return generator


async def drawing(draw: Callable[[], Any], times: int = 4) -> list[Any]:
    return [draw() for _ in range(times)]


@source
def test_the_seed_of_the_world_decides_every_draw(draw: Callable[[], Any]) -> None:
    one, again = run(drawing(draw), seed=1).value, run(drawing(draw), seed=1).value
    other = run(drawing(draw), seed=2).value

    assert one == again
    assert one != other
    assert len({repr(each) for each in one}) == 4


@source
def test_outside_of_a_world_randomness_is_real(draw: Callable[[], Any]) -> None:
    run(drawing(draw))
    first = [draw() for _ in range(4)]
    run(drawing(draw))

    assert [draw() for _ in range(4)] != first


@source
def test_one_sessions_draws_do_not_shift_anothers(draw: Callable[[], Any]) -> None:
    async def agent(draws_of_ann: int) -> list[Any]:
        async def ben() -> list[Any]:
            drawn = []
            for _ in range(4):
                await asyncio.sleep(1)
                drawn.append(draw())
            return drawn

        async def ann() -> None:
            for _ in range(draws_of_ann):
                draw()
                await asyncio.sleep(0.6)

        working = asyncio.create_task(on_behalf("ann", ann()))
        drawn = await asyncio.create_task(on_behalf("ben", ben()))
        await working
        return drawn

    assert run(agent(0)).value == run(agent(3)).value == run(agent(8)).value


@source
def test_sessions_draw_differently(draw: Callable[[], Any]) -> None:
    async def agent() -> list[Any]:
        names = ("ann", "ben")
        tasks = [asyncio.create_task(on_behalf(name, drawing(draw))) for name in names]
        return await asyncio.gather(*tasks)

    ann, ben = run(agent()).value

    assert ann != ben


@source
def test_threads_draw_for_their_session(draw: Callable[[], Any]) -> None:
    async def in_thread() -> list[Any]:
        return await asyncio.to_thread(lambda: [draw() for _ in range(4)])

    async def agent(work: Any) -> Any:
        return await asyncio.create_task(on_behalf("ann", work))

    assert run(agent(in_thread())).value == run(agent(drawing(draw))).value


def test_seeding_the_shared_generator_counts() -> None:
    async def agent() -> list[float]:
        random.seed(42)
        return [random.random(), random.random(), random.gauss(0, 1)]

    generator = random.Random(42)

    assert run(agent()).value == [generator.random(), generator.random(), generator.gauss(0, 1)]


def test_the_state_of_the_shared_generator_can_be_kept() -> None:
    async def agent() -> tuple[list[float], list[float]]:
        random.gauss(0, 1)
        state = random.getstate()
        first = [random.random(), random.gauss(0, 1)]
        random.setstate(state)
        return first, [random.random(), random.gauss(0, 1)]

    first, again = run(agent()).value

    assert first == again


def test_seeding_in_a_world_leaves_the_generator_outside_alone() -> None:
    async def agent() -> None:
        random.seed(42)

    random.seed(7)
    expected = random.Random(7).random()
    run(agent())

    assert random.random() == expected


def test_a_seeded_generator_of_the_agents_is_its_own() -> None:
    async def agent() -> list[float]:
        generator = random.Random("mine")
        return [generator.random(), generator.gauss(0, 1)]

    generator = random.Random("mine")

    assert run(agent()).value == [generator.random(), generator.gauss(0, 1)]


def test_numpy_can_be_seeded() -> None:
    np = pytest.importorskip("numpy")

    async def agent() -> float:
        np.random.seed(42)
        return float(np.random.rand())

    assert run(agent()).value == float(np.random.RandomState(42).rand())


def test_a_thread_of_no_world_draws_real_randomness() -> None:
    drawn: list[bytes] = []

    async def agent() -> bytes:
        foreign_thread(lambda: drawn.append(os.urandom(16))).start()
        while not drawn:
            await asyncio.sleep(1)
        return os.urandom(16)

    assert run(agent()).value == run(agent()).value
    assert len({*drawn}) == len(drawn) == 1 or len({*drawn}) == 2


TIMED: list[tuple[Callable[[], Any], int]] = [(uuid1, 1)]
if sys.version_info >= (3, 14):
    TIMED += [(uuid.uuid6, 6), (uuid.uuid7, 7)]
if "uuid_utils.uuid7" in SOURCES:
    TIMED += [(uuid_utils.uuid1, 1), (uuid_utils.uuid6, 6), (uuid_utils.uuid7, 7)]
    TIMED += [(uuid_utils.compat.uuid7, 7)]


@pytest.mark.parametrize(("make", "version"), TIMED)
def test_uuids_that_carry_a_time_carry_the_worlds(make: Callable[[], Any], version: int) -> None:
    async def agent() -> list[Any]:
        await asyncio.sleep(90)
        made = [make() for _ in range(300)]
        await asyncio.sleep(1)
        return [*made, make()]

    made = run(agent()).value
    start = 1_767_603_600_000 + 90_000

    assert {(each.version, each.variant) for each in made} == {(version, uuid.RFC_4122)}
    assert len(set(made)) == 301
    ticks = [_milliseconds(uuid.UUID(str(each))) for each in made]
    assert ticks == [start] * 300 + [start + 1000]
    if version != 1:
        assert [each.int for each in made] == sorted(each.int for each in made)


def _milliseconds(value: uuid.UUID) -> int:
    """The time that a UUID carries, since 1970."""
    if value.version == 7:
        return value.int >> 80
    if value.version == 1:
        ticks = (value.time_hi_version & 0xFFF) << 48 | value.time_mid << 32 | value.time_low
    else:
        ticks = value.int >> 80 << 12 | value.int >> 64 & 0xFFF
    return (ticks - 0x01B21DD213814000) // 10_000


def test_the_arguments_of_a_uuid_count() -> None:
    async def agent() -> uuid.UUID:
        return uuid1(node=5, clock_seq=9)

    made = run(agent()).value

    assert (made.node, made.clock_seq) == (5, 9)
    assert MS == 1_000_000


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: os.urandom(-1), ValueError),
        (lambda: os.urandom("x"), TypeError),
        (lambda: random.getrandbits(-1), ValueError),
        (lambda: random.random(1), TypeError),
        (lambda: random.setstate("x"), (TypeError, ValueError)),
        (lambda: random.seed([]), TypeError),
        (lambda: uuid1("x"), TypeError),
    ],
)
def test_bad_arguments_raise_what_they_raise_outside(call: Callable[[], Any], error: Any) -> None:
    async def agent() -> None:
        with pytest.raises(error):
            call()

    run(agent())
    with pytest.raises(error):
        call()
