"""`refused: true`: nobody listens."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import ConnectFault, Connecting
from evalkit.keyed import Draw


class Refused(ConnectFault):
    """The connection is refused. Live it is accepted, and reset as soon as it is known whose it is:
    the kernel accepts before anybody is asked.
    """

    name: ClassVar[str] = "refused"
    bare: ClassVar[bool] = True

    refused: Literal[True] = Field(description="The connection is refused")

    def connect(self, connecting: Connecting, draw: Draw) -> Connecting:
        """A refusal."""
        del draw
        return replace(connecting, refused=True)
