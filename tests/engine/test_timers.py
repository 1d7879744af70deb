"""Waits that belong to sessions."""

from __future__ import annotations

import asyncio

import pytest

from evalkit.engine.timers import LINGER, Timers
from evalkit.world.clock import NS
from evalkit.world.world import World


def waited(ends_at: int | None, begins_at: int, wait: int) -> tuple[bool, int]:
    """Whether a wait of a session was reached, and when it was over, in seconds."""
    world = World()
    timers = Timers(world.clock)

    async def main() -> bool:
        async def end() -> None:
            if ends_at is not None:
                await asyncio.sleep(ends_at)
                timers.over("s")

        ending = asyncio.create_task(end())
        other = asyncio.create_task(timers.wait("other", 10**6 * NS))
        await asyncio.sleep(begins_at)
        reached = await timers.wait("s", wait * NS)
        over = world.clock.now
        ending.cancel()
        other.cancel()
        assert over <= world.clock.now
        return reached

    return world.run(main()), world.clock.now // NS


HOUR = LINGER // NS


@pytest.mark.parametrize(
    ("ends_at", "begins_at", "wait", "reached", "over"),
    [
        (None, 0, 10 * HOUR, True, 10 * HOUR),  # a session may last as long as it likes
        (10, 0, 10 + HOUR, True, 10 + HOUR),
        (10, 0, 11 + HOUR, False, 10),  # given up when the session ends
        (10, 20, HOUR - 10, True, 10 + HOUR),
        (10, 20, HOUR, False, 20),  # given up at once
        (10, 20, 0, True, 20),
        (10, 2 * HOUR, 0, False, 2 * HOUR),
    ],
)
def test_a_wait_is_bounded_by_the_end_of_its_session(ends_at, begins_at, wait, reached, over):
    assert waited(ends_at, begins_at, wait) == (reached, over)
