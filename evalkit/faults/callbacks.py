"""What befalls a webhook on its way from a service to the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evalkit.faults.base import Fault
from evalkit.keyed import Draw
from evalkit.wire import Headers, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One attempt to deliver a webhook. Times are in nanoseconds.

    It is sent after `wait`, and a copy of it so long after that as each of `copies` says. One that
    is `lost` never arrives, and its sender takes it for delivered. One that is `held` waits for the
    next webhook of its service and session to be sent before it, and at most that long.
    """

    wait: int = 0
    copies: tuple[int, ...] = ()
    lost: bool = False
    held: int | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """What is sent: the body, and the headers, among which are those `signing` it."""

    body: bytes
    headers: Headers
    signing: frozenset[str] = frozenset()


class CallbackFault(Fault):
    """A fault that a webhook meets on its way; it is chosen with `at: SERVICE webhook NAME`."""

    calls_back: ClassVar[bool] = True
    breaks: ClassVar[bool] = False

    def send(self, sending: Sending, draw: Draw) -> Sending:
        """How the attempt goes under this fault."""
        del draw
        return sending

    def alter(self, signed: Signed, draw: Draw) -> Signed:
        """What arrives under this fault."""
        del draw
        return signed

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply as it is: it is to a call of the agent's, and that goes well."""
        del draw
        return reply
