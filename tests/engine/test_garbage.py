"""No full collection of garbage while a load is served, and none of it for ever."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from evalkit.engine.garbage import Aside


class Circle:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


async def test_what_is_put_aside_is_looked_at_once_there_is_twice_as_much() -> None:
    room = [100]
    aside, loop = Aside(lambda: room[0]), asyncio.get_running_loop()
    aside.begin(loop)
    lost, kept = Circle(), Circle()
    gone = weakref.ref(lost)
    aside._put(loop)
    del lost
    gc.collect()
    assert gone() is not None  # no collection looks there
    for most, full in ((200, 0), (201, 1), (400, 1), (403, 2)):
        room[0] = most
        aside._put(loop)
        assert aside.full == full
    assert gone() is None
    assert kept.own is kept
    aside.end()


async def test_what_nothing_refers_to_goes_at_once_where_it_is_no_circle() -> None:
    aside, held = Aside(), {"some": [set()]}
    seen = weakref.ref(next(iter(held["some"])))
    aside.begin(asyncio.get_running_loop())
    assert gc.get_freeze_count() > 0
    held.clear()
    assert seen() is None
    aside.end()
    assert aside._timer is None
