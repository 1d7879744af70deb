"""`callback_late: 30s`: a webhook comes later than it should."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from evalkit.faults.callbacks import CallbackFault, Sending
from evalkit.keyed import Draw
from evalkit.units import DAY, Duration


def _within_a_day(ns: int) -> int:
    if 0 < ns <= DAY:
        return ns
    raise ValueError("a webhook is up to 24h late, and not at once")


class CallbackLate(CallbackFault):
    """A webhook comes this much later than it would have.

    One that would then come more than an hour after the end of its session is never sent.
    """

    name: ClassVar[str] = "callback_late"

    callback_late: Annotated[Duration, AfterValidator(_within_a_day)] = Field(
        description="How much later it comes, up to 24h"
    )

    def send(self, sending: Sending, draw: Draw) -> Sending:
        """The attempt, later."""
        del draw
        return replace(sending, wait=sending.wait + self.callback_late)
