"""`drip: 1s`: single bytes that mean nothing keep the client's timers alive."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from evalkit.faults.base import Fault
from evalkit.faults.bodies import in_chunks
from evalkit.faults.steps import waits_before
from evalkit.keyed import Draw
from evalkit.units import Duration
from evalkit.wire import Head, Reply, Send, Step, Wait

_DRIPS_AT_MOST = 10_000
_EVENTS = {
    # What stands between events means nothing to who reads them as the standard says.
    "comments": b":\n\n",
    "blank_lines": b"\r\n",
}
_BLANK = b" "  # in front of JSON: parsers skip it


class Drip(Fault):
    """The head comes in time; then, before the body, a blank (in an event stream: a comment, or an
    empty line) at every so often. Each resets a read timeout: only a limit on the whole call helps.
    """

    name: ClassVar[str] = "drip"
    breaks: ClassVar[bool] = False

    drip: Duration = Field(description="The time between two drips")
    lasts: Duration = Field(
        "10min", validate_default=True, description="How long before the body comes at last"
    )

    sends: Literal["auto", "comments", "blank_lines"] = Field(
        "auto",
        description="What drips in an event stream; auto is blank lines in Gemini's, whose client "
        "takes a comment for a broken reply, and comments in all others",
    )

    @model_validator(mode="after")
    def _in_bounds(self) -> Drip:
        if not 0 < self.drip <= self.lasts:
            raise ValueError("the time between two drips is above 0s and not longer than `lasts`")
        if self.lasts // self.drip > _DRIPS_AT_MOST:
            raise ValueError(f"that is more than {_DRIPS_AT_MOST:,} drips; make them rarer")
        return self

    def for_kind(self, kind: str) -> Drip:
        """The fault with drips that the clients of a service of this kind skip."""
        if self.sends != "auto":
            return self
        return self.model_copy(update={"sends": "blank_lines" if kind == "gemini" else "comments"})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with drips between its head and its body."""
        del draw
        kind = next((value for name, value in reply.headers if name == "content-type"), "")
        events = kind.startswith("text/event-stream")
        drop = _EVENTS.get(self.sends, _EVENTS["comments"]) if events else _BLANK
        drips = (Wait(self.drip, self.name), Send(drop, self.name)) * (self.lasts // self.drip)
        before = waits_before(reply)
        rest: tuple[Step, ...] = reply.plan[len(before) :]
        if not rest or not isinstance(rest[0], Head):
            return reply
        return replace(in_chunks(reply), plan=(*before, rest[0], *drips, *rest[1:]))
