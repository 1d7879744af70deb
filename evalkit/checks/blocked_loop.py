"""`event-loop-not-blocked`: the agent slept on the thread of its event loop."""

from __future__ import annotations

from typing import ClassVar

from evalkit.checks.base import Check


class EventLoopNotBlocked(Check):
    """The world itself makes this finding, when the agent blocks the loop."""

    name: ClassVar[str] = "event-loop-not-blocked"
    about: ClassVar[str] = "the agent blocked its event loop, so every other session waited"
