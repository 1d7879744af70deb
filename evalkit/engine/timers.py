"""Waits in world time that belong to sessions, bounded by how long those have been over.

What is due more than `LINGER` after the end of its session is given up. The bound counts from the
end of the own session, not of the last one, so that no session's story depends on another's; and
since every wait is bounded, the world ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from evalkit.units import HOUR
from evalkit.world.clock import Clock

LINGER = HOUR
"""How long after the end of its session something may still be due, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class _Wait:
    session: str | None
    due: int
    reached: asyncio.Future[bool]


class Timers:
    """The waits of one world."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str | None, int] = {}
        self._waits: list[_Wait] = []

    async def wait(self, session: str | None, ns: int) -> bool:
        """Wait so long; False, at once, where that is too long after the end of the session."""
        wait = _Wait(session, self._clock.now + ns, asyncio.get_running_loop().create_future())
        if self._too_late(wait):
            return False
        if not ns:
            return True
        moment = Clock.loop_time(wait.due)
        timer = wait.reached.get_loop().call_at(moment, _resolve, wait.reached, True)
        self._waits.append(wait)
        try:
            return await wait.reached
        finally:
            self._waits.remove(wait)
            timer.cancel()

    def over(self, session: str | None) -> None:
        """The session is over: give up what is due too late."""
        self._ends.setdefault(session, self._clock.now)
        for wait in self._waits:
            if self._too_late(wait):
                _resolve(wait.reached, False)

    def forget(self, session: str | None) -> None:
        """Nothing of this session is waited for any more."""
        self._ends.pop(session, None)

    def _too_late(self, wait: _Wait) -> bool:
        end = self._ends.get(wait.session)
        return end is not None and wait.due > end + LINGER


def _resolve(reached: asyncio.Future[bool], value: bool) -> None:
    if not reached.done():
        reached.set_result(value)
