"""`cut_short: 50%`: the model uses up its tokens before it has said all."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from evalkit.faults.speech import SpeechFault
from evalkit.keyed import Draw
from evalkit.units import Share
from evalkit.wire import Said


class CutShort(SpeechFault):
    """The text, or the arguments of the last tool call, end too early, and the finish reason says
    that the limit of tokens was reached. Clients that do not look at it take it for the whole.
    """

    name: ClassVar[str] = "cut_short"

    cut_short: Share = Field(description="How much of it is said")

    def changed(self, said: Said, draw: Draw) -> Said:
        """The beginning of what was to be said; a refusal stays as it is."""
        del draw
        if said.calls:
            name, arguments = said.calls[-1]
            calls = (*said.calls[:-1], (name, self._beginning(arguments)))
            return replace(said, calls=calls, ended="length")
        if not said.text:
            return said
        return replace(said, text=self._beginning(said.text), ended="length")

    def _beginning(self, text: str) -> str:
        return text[: min(int(len(text) * self.cut_short), max(len(text) - 1, 0))]
