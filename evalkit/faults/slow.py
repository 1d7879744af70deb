"""`slow: 200/s`: the body trickles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.units import SECOND, Rate
from evalkit.wire import Reply, Send, Step, Wait

_SLICES_PER_SECOND = 10
_SLICES_AT_MOST = 10_000


class Slow(Fault):
    """The body goes out at so many bytes per second, in slices.

    The waits are differences of absolute due times, so that rounding does not add up.
    """

    name: ClassVar[str] = "slow"
    breaks: ClassVar[bool] = False

    slow: Rate = Field(description="Bytes of the body per second")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, its body in slices with waits between."""
        del draw
        return replace(reply, plan=tuple(self._paced(reply)))

    def _paced(self, reply: Reply) -> Iterator[Step]:
        size = max(
            1, int(self.slow / _SLICES_PER_SECOND), ceil(len(reply.body()) / _SLICES_AT_MOST)
        )
        sent = 0
        for step in reply.plan:
            if not isinstance(step, Send):
                yield step
                continue
            for start in range(0, len(step.data), size):
                part = step.data[start : start + size]
                yield Wait(self._due(sent + len(part)) - self._due(sent), self.name)
                yield Send(part, step.fault or self.name)
                sent += len(part)

    def _due(self, sent: int) -> int:
        return round(sent * SECOND / self.slow)
