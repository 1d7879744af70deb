"""`connect_delay: 3s`: the connection comes about later."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from evalkit.faults.base import ConnectFault, Connecting
from evalkit.keyed import Draw
from evalkit.units import Duration


class ConnectDelay(ConnectFault):
    """The connection comes about this much later. Live it is open at once and silent for so long:
    what a client may run into is a read timeout, not one of connecting.
    """

    name: ClassVar[str] = "connect_delay"
    breaks: ClassVar[bool] = False

    connect_delay: Duration = Field(description="How much later the connection comes about")

    def connect(self, connecting: Connecting, draw: Draw) -> Connecting:
        """A longer wait."""
        del draw
        return replace(connecting, wait=connecting.wait + self.connect_delay)
