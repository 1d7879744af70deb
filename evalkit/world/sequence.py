"""Numbers that tasks and futures are hashed by, so that sets of them iterate repeatably.

A set's order follows from the lowest bits of the hashes. They count what one task makes in one
step, because that depends on the task's own code alone: what is made together, as in
`asyncio.wait({create_task(…) for …})`, then iterates in the order of creation, whatever else
happened before (a connection opened or reused, another session's work). The bits above count by
session and keep the hashes apart.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable

from evalkit.world.callers import CALLER

_STEP_BITS = 12
_STEP_MASK = (1 << _STEP_BITS) - 1


class Sequence:
    """Gives out the numbers of one world."""

    def __init__(self) -> None:
        self._by_session: dict[Hashable, int] = defaultdict(int)
        self._in_step: dict[Hashable, int] = defaultdict(int)
        self.step: Callable[[], None] = self._in_step.clear
        """A new round of the loop: every task takes one more step."""

    def next(self, kind: str) -> int:
        """The number of the next object of a kind that the running code makes."""
        caller = CALLER.get()
        session = None if caller is None else caller.session
        maker = (kind, _running_task(), session)
        step, total = self._in_step[maker], self._by_session[session]
        self._in_step[maker] = step + 1
        self._by_session[session] = total + 1
        return total << _STEP_BITS | step & _STEP_MASK


def _running_task() -> int | None:
    try:
        return id(asyncio.current_task())
    except RuntimeError:  # no loop runs in this thread
        return None
