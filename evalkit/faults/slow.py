"""`slow: 200/s`: the body trickles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Annotated, ClassVar

from pydantic import Discriminator, Field, Tag

from evalkit.faults.base import Fault
from evalkit.faults.growth import GrowingRate, kind_of
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

    slow: Annotated[
        Annotated[GrowingRate, Tag("growing")] | Annotated[Rate, Tag("size")],
        Discriminator(kind_of),
    ] = Field(
        description="Bytes of the body per second; or such as change, like "
        "{from: 5000/s, to: 50/s, over: 10min}"
    )

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self.slow.size(0, 1) if isinstance(self.slow, GrowingRate) else self.slow

    def grown(self, at: int, call: int) -> Slow:
        """The body as slow as it is by then."""
        if not isinstance(self.slow, GrowingRate):
            return self
        return self.model_copy(update={"slow": self.slow.size(at, call)})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, its body in slices with waits between."""
        del draw
        return replace(reply, plan=tuple(self._paced(reply)))

    def _paced(self, reply: Reply) -> Iterator[Step]:
        size = max(
            1, int(self.rate / _SLICES_PER_SECOND), ceil(len(reply.body()) / _SLICES_AT_MOST)
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
        return round(sent * SECOND / self.rate)
