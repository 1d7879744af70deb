"""`callback_duplicated: 2s`: a webhook comes again, though it was taken."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.callbacks import CallbackFault, Sending
from evalkit.keyed import Draw
from evalkit.units import SECOND, Duration

_SOON = SECOND


class CallbackDuplicated(CallbackFault):
    """A webhook comes a second time, the same under the same id, as at-least-once senders do.

    What the agent answers to the copy does not matter to the sender.
    """

    name: ClassVar[str] = "callback_duplicated"
    bare: ClassVar[bool] = True

    callback_duplicated: Literal[True] | Duration = Field(
        description="How long after the first the copy is sent; by the name alone 1s"
    )

    def send(self, sending: Sending, draw: Draw) -> Sending:
        """The attempt with a copy."""
        del draw
        gap = _SOON if self.callback_duplicated is True else self.callback_duplicated
        return replace(sending, copies=(*sending.copies, gap))
