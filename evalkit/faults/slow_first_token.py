"""`slow_first_token: 20s`: the reply begins, and the model thinks on."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from evalkit.faults.speech import TellingFault
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Head, Reply, Speech, Step, Wait


class SlowFirstToken(TellingFault):
    """The status and the headers come when they should, and the first token so much later: whoever
    waits for the head alone believes that all is well. A reply in one piece is late as a whole.
    """

    name: ClassVar[str] = "slow_first_token"
    breaks: ClassVar[bool] = False

    slow_first_token: Duration = Field(description="How much later the first token comes")

    def told(self, reply: Reply, speech: Speech, draw: Draw) -> Reply:
        """The reply with that wait in it."""
        del draw
        wait = Wait(self.slow_first_token, self.name)
        if not speech.streams:
            return replace(reply, plan=(wait, *reply.plan))
        plan: list[Step] = []
        for step in reply.plan:
            plan += [step, wait] if isinstance(step, Head) else [step]
        return replace(reply, plan=tuple(plan))
