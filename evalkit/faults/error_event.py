"""`error_event: 529`: the reply begins with status 200, and then tells of an error."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.faults.bodies import with_body
from evalkit.faults.events import bytes_of_tokens, said_in
from evalkit.faults.speech import TellingFault
from evalkit.faults.steps import first_bytes
from evalkit.keyed import Draw
from evalkit.wire import Reply, Send, Speech


class ErrorEvent(TellingFault):
    """A stream breaks off with an event that tells of an error, in the envelope of its API, and
    ends in order. A reply in one piece has status 200 and that error for a body.
    """

    name: ClassVar[str] = "error_event"

    error_event: Annotated[int, Field(ge=400, le=599, strict=True)] = Field(
        description="The status that the error would have had"
    )
    after: Annotated[int, Field(ge=0, strict=True)] | None = Field(
        None, description="Tokens that come before it; half of them unless given"
    )

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply as far as it comes, and the error."""
        del draw
        if not speech.streams:
            failed = replace(reply, usage=None)
            return with_body(failed, speech.failing(self.error_event, 0), self.name)
        tokens = said_in(reply, speech) // 2 if self.after is None else self.after
        place = bytes_of_tokens(reply, speech, tokens)
        if place is None:
            return reply
        kept = first_bytes(reply.plan, place)
        number = sum(isinstance(step, Send) and bool(step.data) for step in kept)
        error = Send(speech.failing(self.error_event, number), self.name)
        return replace(reply, plan=(*kept, error), usage=None)
