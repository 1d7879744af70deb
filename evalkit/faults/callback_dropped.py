"""`callback_dropped: true`: a webhook never arrives."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.callbacks import CallbackFault, Sending
from evalkit.keyed import Draw


class CallbackDropped(CallbackFault):
    """A webhook is lost on its way, and the sender takes it for delivered: it is not sent again."""

    name: ClassVar[str] = "callback_dropped"
    bare: ClassVar[bool] = True

    callback_dropped: Literal[True] = Field(description="It never arrives, nor does a retry")

    def send(self, sending: Sending, draw: Draw) -> Sending:
        """The attempt, lost."""
        del draw
        return replace(sending, lost=True)
