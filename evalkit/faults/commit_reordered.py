"""`commit_reordered: true`: a later change overtakes this one."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.wire import Reply


class CommitReordered(Fault):
    """The changes of the call are committed after those of the session's next call that makes any.

    Where no other call of the session changes anything in this service, they are committed when the
    session ends.
    """

    name: ClassVar[str] = "commit_reordered"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    commit_reordered: Literal[True] = Field(description="The session's next changes overtake these")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, its effects held back; those that come later anyway come when they do."""
        del draw
        held = (
            each if each.after else replace(each, overtaken=True, fault=self.name)
            for each in reply.effects
        )
        return replace(reply, effects=tuple(held))
