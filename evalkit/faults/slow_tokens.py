"""`slow_tokens: 2/s`: the model speaks slowly."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from evalkit.faults.speech import MannerFault, added_waits, still_marked
from evalkit.keyed import Draw
from evalkit.units import Rate
from evalkit.wire import Reply, Step, Wait


class SlowTokens(MannerFault):
    """The tokens after the first come at this pace, each at its exact time; a reply in one piece
    comes when its last token is there.
    """

    name: ClassVar[str] = "slow_tokens"

    slow_tokens: Rate = Field(description="Tokens per second")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply at that pace; one in which no model speaks stays as it is."""
        del draw
        speech = reply.speech
        if speech is None:
            return reply
        paced = speech.paced(self.slow_tokens)
        plan = tuple(map(self._marked, still_marked(reply.plan, paced.plan)))
        return replace(paced, plan=(*added_waits(reply), *plan))

    def _marked(self, step: Step) -> Step:
        """The waits are the fault's, the one for the first token among them: a reply in one piece
        has no other.
        """
        return replace(step, fault=self.name) if isinstance(step, Wait) else step
