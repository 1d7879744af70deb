"""`context_overflow: true`: the conversation is too long for the model."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.speech import told_instead
from evalkit.keyed import Draw
from evalkit.wire import Reply


class ContextOverflow(Fault):
    """The request is refused as one with more tokens than the model's context has, in the words of
    its API. To ask again with the same messages does not help.
    """

    name: ClassVar[str] = "context_overflow"
    bare: ClassVar[bool] = True
    order: ClassVar[int] = Fault.SAYS

    context_overflow: Literal[True] = Field(description="The request is refused as too long")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The refusal; a reply in which no model speaks stays as it is."""
        del draw
        speech = reply.speech
        return reply if speech is None else told_instead(reply, speech.too_long(), self.name)
