"""`unfinished: true`: the reply ends in order, and nothing says that this was all."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import TellingFault, leaving_out
from evalkit.keyed import Draw
from evalkit.wire import Reply, Speech, Telling


class Unfinished(TellingFault):
    """The reason why the model stopped is missing, or the event after which no more comes, or both.

    The HTTP is sound, so clients raise nothing. What a service's `stream_ends_with` leaves out
    cannot be missed there.
    """

    name: ClassVar[str] = "unfinished"
    bare: ClassVar[bool] = True

    unfinished: Literal[True, "finish", "done"] = Field(
        description="finish: the finish reason; done: [DONE] or message_stop; true: both"
    )

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply without them."""
        del draw
        parts: tuple[Telling, ...] = ("finish", "done")
        if self.unfinished is not True:
            parts = (self.unfinished,)
        return leaving_out(reply, speech, parts, self.name)
