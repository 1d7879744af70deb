"""`callback_reordered: true`: a webhook is overtaken by the one after it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.callbacks import CallbackFault, Sending
from evalkit.keyed import Draw
from evalkit.units import MINUTE, Duration

_LONGEST = MINUTE


class CallbackReordered(CallbackFault):
    """A webhook comes after the next one of its service and session.

    If none comes in time it is sent all the same; then it was late, and the fault is not delivered.
    """

    name: ClassVar[str] = "callback_reordered"
    bare: ClassVar[bool] = True

    callback_reordered: Literal[True] | Duration = Field(
        description="How long the next one is waited for; by the name alone 1min"
    )

    def send(self, sending: Sending, draw: Draw) -> Sending:
        """The attempt, held back."""
        del draw
        held = _LONGEST if self.callback_reordered is True else self.callback_reordered
        return replace(sending, held=held)
