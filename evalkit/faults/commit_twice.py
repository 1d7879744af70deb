"""`commit_twice: true`: the service makes the change two times."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.wire import Reply


class CommitTwice(Fault):
    """Each change of the call is committed two times, and the reply tells of one.

    The second is not held against the agent (`no-duplicate-effect`): say in `expect` what it should
    do about it.
    """

    name: ClassVar[str] = "commit_twice"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    commit_twice: Literal[True] = Field(description="Each change is made two times")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with each effect and its double."""
        del draw
        doubled = [(each, replace(each, fault=self.name)) for each in reply.effects]
        return replace(reply, effects=tuple(each for pair in doubled for each in pair))
