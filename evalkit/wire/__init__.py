"""What goes over the wire: a request as a service sees it, and a reply as a plan of steps.

A service says what the healthy reply is, a fault transforms its plan, a network plays it. None of
the three knows the others.
"""

from evalkit.wire.effects import Callback, Effect
from evalkit.wire.headers import Fields, Headers
from evalkit.wire.reply import Access, Allows, Earlier, Reply, Speech
from evalkit.wire.request import Caller, Request
from evalkit.wire.said import Said, Telling, Usage
from evalkit.wire.steps import (
    ENDS_CONNECTION,
    Cut,
    Follow,
    Head,
    Raw,
    Reset,
    Send,
    Stall,
    Step,
    Stream,
    Wait,
)

__all__ = [
    "ENDS_CONNECTION",
    "Access",
    "Allows",
    "Callback",
    "Caller",
    "Cut",
    "Earlier",
    "Effect",
    "Fields",
    "Follow",
    "Head",
    "Headers",
    "Raw",
    "Reply",
    "Request",
    "Reset",
    "Said",
    "Send",
    "Speech",
    "Stall",
    "Step",
    "Stream",
    "Telling",
    "Usage",
    "Wait",
]
