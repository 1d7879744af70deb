"""`oversize: 50MB`: a body far larger than anybody expects."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import with_body
from evalkit.keyed import Draw
from evalkit.units import Size, format_size
from evalkit.wire import Reply

_MOST = 256 * 1024 * 1024


def _bounded(size: int) -> int:
    if size > _MOST:
        raise ValueError(f"{format_size(size)} is too much; up to {format_size(_MOST)}")
    return size


class Oversize(Fault):
    """The body is filled up with blanks in front of it, which JSON and most texts allow: who reads
    it all gets the sound reply, after a while and with much memory.
    """

    name: ClassVar[str] = "oversize"
    breaks: ClassVar[bool] = False

    oversize: Annotated[Size, AfterValidator(_bounded)] = Field(
        description="The size of the body; one that is larger already stays"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with a large body; one without a body stays as it is."""
        del draw
        body = reply.body()
        if not body or len(body) >= self.oversize:
            return reply
        return with_body(reply, b" " * (self.oversize - len(body)) + body, self.name)
