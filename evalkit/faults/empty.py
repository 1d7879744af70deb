"""`empty: true`: the connection is closed without one byte."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import break_off_at_once
from evalkit.keyed import Draw
from evalkit.wire import Cut, Reply


class Empty(Fault):
    """The connection is closed in order (FIN) without one byte of a reply.

    The service has taken the request on: what it commits is committed, and only the reply is lost.
    """

    name: ClassVar[str] = "empty"
    follows: ClassVar[bool] = True
    bare: ClassVar[bool] = True

    empty: Literal[True] = Field(description="The connection is closed without one byte")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """Nothing, and the end of the connection."""
        del draw
        return break_off_at_once(reply, Cut(self.name))
