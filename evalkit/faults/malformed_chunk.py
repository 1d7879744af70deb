"""`malformed_chunk: true`: the framing of the body breaks in the middle of it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import at_byte, in_chunks
from evalkit.keyed import Draw
from evalkit.wire import Cut, Raw, Reply


class MalformedChunk(Fault):
    """Half of the body comes in chunks as it should; then one has no length, and the connection is
    closed (RFC 9112, section 7.1, is what it breaks).
    """

    name: ClassVar[str] = "malformed_chunk"
    bare: ClassVar[bool] = True

    malformed_chunk: Literal[True] = Field(description="A chunk in mid-body has no length")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as far as it comes."""
        del draw
        half = len(reply.body()) // 2
        wrong = Raw(b"no length\r\n", self.name), Cut(self.name)
        broken = at_byte(in_chunks(reply), half, *wrong)
        end = broken.plan.index(wrong[-1]) + 1
        return replace(broken, plan=broken.plan[:end])
