"""`unknown_host: true`: the name of the service leads nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import ConnectFault, Connecting
from evalkit.keyed import Draw


class UnknownHost(ConnectFault):
    """No address is found for the name of the service. Live, where the agent has an address instead
    of a name, it is a connection that is accepted and reset at once.
    """

    name: ClassVar[str] = "unknown_host"
    bare: ClassVar[bool] = True

    unknown_host: Literal[True] = Field(description="The name of the service leads nowhere")

    def connect(self, connecting: Connecting, draw: Draw) -> Connecting:
        """A name that is not known."""
        del draw
        return replace(connecting, unknown=True)
