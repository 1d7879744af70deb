"""`duplicate_chunk: true`: a piece of the stream comes twice."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import TellingFault
from evalkit.keyed import Draw
from evalkit.wire import Reply, Send, Speech


class DuplicateChunk(TellingFault):
    """One event that holds a token, drawn by call identity, is sent twice, so that clients which
    add up what they get say it twice.
    """

    name: ClassVar[str] = "duplicate_chunk"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    duplicate_chunk: Literal[True] = Field(description="One event comes twice")

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The stream with that event twice; a reply in one piece stays as it is."""
        if not speech.streams:
            return reply
        places = [
            at
            for at, step in enumerate(reply.plan)
            if isinstance(step, Send) and speech.says(step.data)
        ]
        if not places:
            return reply
        at = places[draw.below(len(places), "event")]
        again = replace(reply.plan[at], fault=self.name)
        return replace(reply, plan=(*reply.plan[: at + 1], again, *reply.plan[at + 1 :]))
