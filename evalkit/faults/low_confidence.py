"""`low_confidence: 0.2`: the model is not sure of what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.faults.speech import MannerFault, added_waits, still_marked
from evalkit.faults.steps import mark_head
from evalkit.keyed import Draw
from evalkit.wire import Reply


class LowConfidence(MannerFault):
    """Each token comes with this probability. Only requests that ask for logprobs are told so."""

    name: ClassVar[str] = "low_confidence"

    low_confidence: Annotated[float, Field(gt=0, le=1)] = Field(
        description="The probability of each token"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The same, less surely. A reply that does not tell of it stays as it is."""
        del draw
        speech = reply.speech
        if speech is None:
            return reply
        other = speech.saying(replace(speech.said, confidence=self.low_confidence))
        if other.body() == reply.body():
            return reply
        plan = (*added_waits(reply), *still_marked(reply.plan, other.plan))
        return mark_head(replace(other, plan=plan), self.name)
