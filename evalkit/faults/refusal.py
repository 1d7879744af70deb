"""`refusal: true`: the model declines."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.faults.speech import SpeechFault
from evalkit.keyed import Draw
from evalkit.wire import Said

_WORDS = "I'm sorry, but I can't help with that."


class Refusal(SpeechFault):
    """The model says that it will not do what it is asked, in the way of its API."""

    name: ClassVar[str] = "refusal"
    bare: ClassVar[bool] = True
    templated: ClassVar[tuple[str, ...]] = ("refusal",)

    refusal: Literal[True] | Annotated[str, Field(min_length=1)] = Field(
        description="Its words, which may hold templates over the session; true: the usual ones"
    )

    def changed(self, said: Said, draw: Draw) -> Said:
        """Those words."""
        del draw
        words = _WORDS if self.refusal is True else self.refusal
        return Said(refusal=words, confidence=said.confidence)
