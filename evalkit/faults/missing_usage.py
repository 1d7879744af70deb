"""`missing_usage: true`: the reply does not say how many tokens it took."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import TellingFault, leaving_out
from evalkit.keyed import Draw
from evalkit.wire import Reply, Speech


class MissingUsage(TellingFault):
    """Neither the reply nor its stream tells of tokens, so whoever counts what it costs cannot."""

    name: ClassVar[str] = "missing_usage"
    bare: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    missing_usage: Literal[True] = Field(description="Nothing is told of tokens")

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply without them; a stream that tells of none stays as it is."""
        del draw
        return leaving_out(reply, speech, ("usage",), self.name)
