"""`empty_choices: true`: the reply is well, and there is nothing in it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import TellingFault, leaving_out
from evalkit.keyed import Draw
from evalkit.wire import Reply, Speech


class EmptyChoices(TellingFault):
    """Status 200 without what was asked for: no choices, no output, no content, no candidates, as
    the API calls it.
    """

    name: ClassVar[str] = "empty_choices"
    bare: ClassVar[bool] = True

    empty_choices: Literal[True] = Field(description="The reply holds nothing that was said")

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply without what was said."""
        del draw
        return leaving_out(reply, speech, ("content",), self.name)
