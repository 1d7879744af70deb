"""`content_filter: true`: a filter stops the model in mid-sentence."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import SpeechFault
from evalkit.keyed import Draw
from evalkit.wire import Said


class ContentFilter(SpeechFault):
    """Half of the text comes and no tool call, and the finish reason says that the rest was held
    back. Clients that do not look at it take the half for the whole.
    """

    name: ClassVar[str] = "content_filter"
    bare: ClassVar[bool] = True

    content_filter: Literal[True] = Field(description="The reply is filtered")

    def changed(self, said: Said, draw: Draw) -> Said:
        """What is left of it."""
        del draw
        text = said.text or ""
        return Said(text=text[: len(text) // 2], ended="filter", confidence=said.confidence)
