"""`commit_nothing: true`: the service says it is done, and has done nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import mark_head
from evalkit.keyed import Draw
from evalkit.wire import Reply


class CommitNothing(Fault):
    """The reply is that of a success, and no change is made.

    A reply without effects stays as it is: it promises nothing.
    """

    name: ClassVar[str] = "commit_nothing"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    commit_nothing: Literal[True] = Field(description="The reply is given, the change is not made")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply without its effects, and so without what they would cause."""
        del draw
        if not reply.effects:
            return reply
        return mark_head(replace(reply, effects=(), callbacks=()), self.name)
