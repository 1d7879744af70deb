"""`wrong_length: 10`: the Content-Length is not the length of the body."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import without
from evalkit.faults.steps import mark_head
from evalkit.keyed import Draw
from evalkit.wire import Cut, Reply, Step


def _not_zero(number: int) -> int:
    if not number:
        raise ValueError("0 is the right length; write by how many bytes it is wrong")
    return number


class WrongLength(Fault):
    """The reply announces more bytes than come, and the connection is closed after them; or fewer,
    and the rest stands where the next reply on the connection should begin.
    """

    name: ClassVar[str] = "wrong_length"

    wrong_length: Annotated[int, Field(strict=True), AfterValidator(_not_zero)] = Field(
        description="By how many bytes too much is announced; less than 0: too little"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with a length that is wrong."""
        del draw
        length = max(0, len(reply.body()) + self.wrong_length)
        headers = (*without(reply.headers, "content-length"), ("content-length", str(length)))
        plan: tuple[Step, ...] = reply.plan
        if self.wrong_length > 0:
            plan = (*plan, Cut(self.name))
        return mark_head(replace(reply, headers=headers, chunked=False, plan=plan), self.name)
