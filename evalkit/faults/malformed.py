"""`malformed: true`: the body arrives whole, and cannot be parsed."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import overwritten
from evalkit.keyed import Draw
from evalkit.wire import Reply

_EVENT_DATA = re.compile(rb"^data:[ \t]*(?!\[DONE\])[\[{\"].*\S", re.MULTILINE)


class Malformed(Fault):
    """One byte of the body is overwritten so that the body is no valid JSON.

    It is the last byte of the JSON text, because no valid JSON text ends in `!`. In an event
    stream it is the last byte of one event's JSON, drawn by call identity. The length stays.
    """

    name: ClassVar[str] = "malformed"
    bare: ClassVar[bool] = True

    malformed: Literal[True] = Field(description="One byte of the body is wrong")

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with one byte overwritten; an empty body stays empty."""
        place = _place(reply.body(), draw)
        if place is None:
            return reply
        right = reply.body()[place : place + 1]
        return overwritten(reply, place, b"?" if right == b"!" else b"!", self.name)


def _place(body: bytes, draw: Draw) -> int | None:
    """Where the byte stands that is overwritten."""
    ends = [match.end() - 1 for match in _EVENT_DATA.finditer(body)]
    if ends:
        return ends[draw.below(len(ends), "event")]
    return len(body.rstrip()) - 1 if body.strip() else None
