"""`invalid_utf8: true`: a byte of the body that no UTF-8 text can hold."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import overwritten
from evalkit.keyed import Draw
from evalkit.wire import Reply


class InvalidUtf8(Fault):
    """One letter of the body becomes the byte 0xFF, where the call's identity says. The length
    stays.
    """

    name: ClassVar[str] = "invalid_utf8"
    bare: ClassVar[bool] = True

    invalid_utf8: Literal[True] = Field(description="One byte of the body is no text")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with one byte overwritten; one without letters stays as it is."""
        letters = [at for at, byte in enumerate(reply.body()) if bytes((byte,)).isalpha()]
        if not letters:
            return reply
        place = letters[draw.below(len(letters), "byte")]
        return overwritten(reply, place, b"\xff", self.name)
