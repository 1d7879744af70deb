"""`garbage: true`: bytes that are no HTTP, and the end of the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.steps import waits_before
from evalkit.keyed import Draw
from evalkit.wire import Cut, Raw, Reply

_BYTES = 16 * 16


class Garbage(Fault):
    """What comes in the reply's place are random bytes, drawn by call identity; then the connection
    is closed. The service has taken the request on.
    """

    name: ClassVar[str] = "garbage"
    bare: ClassVar[bool] = True

    garbage: Literal[True] = Field(description="Random bytes come instead of a reply")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The bytes, when the first byte was due."""
        parts = (draw.seed(f"part {at}").to_bytes(16, "big") for at in range(_BYTES // 16))
        noise = b"\x00" + b"".join(parts)
        return replace(reply, plan=(*waits_before(reply), Raw(noise, self.name), Cut(self.name)))
