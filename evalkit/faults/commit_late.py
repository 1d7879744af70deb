"""`commit_late: 30s`: the service says it is done, and does it later."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.units import DAY, Duration
from evalkit.wire import Reply


def _within_a_day(ns: int) -> int:
    if 0 < ns <= DAY:
        return ns
    raise ValueError("a change is committed up to 24h late, and not at once")


class CommitLate(Fault):
    """The changes of the call are committed this much later than the reply lets one think.

    Until then reads do not see them. They are waited for when the sessions are over.
    """

    name: ClassVar[str] = "commit_late"
    breaks: ClassVar[bool] = False

    commit_late: Annotated[Duration, AfterValidator(_within_a_day)] = Field(
        description="How much later the changes are made, up to 24h"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply, its effects late."""
        del draw
        late = (
            replace(each, after=each.after + self.commit_late, fault=self.name)
            for each in reply.effects
        )
        return replace(reply, effects=tuple(late))
