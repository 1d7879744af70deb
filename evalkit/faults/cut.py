"""`cut: 120`: the reply ends in mid-body."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import break_off
from evalkit.keyed import Draw
from evalkit.units import Size
from evalkit.wire import Cut, Reply


class CutBody(Fault):
    """The connection is closed in order (FIN) after so many bytes of the body."""

    name: ClassVar[str] = "cut"

    cut: Size = Field(description="How many bytes of the body still go out")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as far as it comes; its declared length or framing stays."""
        del draw
        return break_off(reply, self.cut, Cut(self.name))
