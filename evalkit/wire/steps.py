"""The steps of which a reply is a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from evalkit.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Wait:
    """Let `ns` nanoseconds pass. Waits add up from the arrival of the request, so none drifts."""

    ns: int
    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Head:
    """Send the status line and the headers."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes of the body, framed as the reply is framed.

    `whole` says that its client then has all of the reply, though the body be not at its end.
    """

    data: bytes
    fault: str | None = None
    whole: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Raw:
    """Send bytes as they are, without any framing."""

    data: bytes
    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more and keep the connection open until the client gives up."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in order (FIN), whatever is still owed."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection (RST)."""

    fault: str | None = None


class Stream(Protocol):
    """The body of a reply that is still being made while it is played."""

    @property
    def complaint(self) -> str | None:
        """What went wrong with it, if anything did."""
        ...

    def body(self) -> bytes:
        """What has come of it, as far as it is kept."""
        ...

    def listen(self, heard: Callable[[Step | None], None]) -> None:
        """Tell the steps that have come, in order, then each as it comes; None is the end."""
        ...

    def leave(self) -> None:
        """Nobody listens any more."""
        ...

    async def gathered(self) -> tuple[Step, ...]:
        """All of its steps with the waits between them, once it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Follow:
    """Send what comes of a stream as it comes, framed as the reply is framed."""

    stream: Stream
    fault: str | None = None


Step: TypeAlias = Wait | Head | Send | Raw | Stall | Cut | Reset | Follow
ENDS_CONNECTION = (Stall, Cut, Reset)
