"""`sliced: 7`: the body comes in small pieces, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Reply, Send, Step, Wait

_SLICES_AT_MOST = 10_000


class Sliced(Fault):
    """The body goes out in pieces of so many bytes, cut through events, lines and letters alike,
    with a pause between. A client that takes one read for one event shows it.
    """

    name: ClassVar[str] = "sliced"
    breaks: ClassVar[bool] = False

    sliced: Annotated[int, Field(ge=1, strict=True)] = Field(description="Bytes of each piece")
    every: Duration = Field("1ms", validate_default=True, description="The pause between pieces")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, its body in pieces; never more than ten thousand of them."""
        del draw
        size = max(self.sliced, ceil(len(reply.body()) / _SLICES_AT_MOST))
        return replace(reply, plan=tuple(self._pieces(reply, size)))

    def _pieces(self, reply: Reply, size: int) -> Iterator[Step]:
        first = True
        for step in reply.plan:
            if not isinstance(step, Send):
                yield step
                continue
            for start in range(0, len(step.data), size):
                if not first:
                    yield Wait(self.every, self.name)
                first = False
                yield Send(step.data[start : start + size], step.fault or self.name)
