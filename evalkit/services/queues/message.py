"""One message of a queue: what state it is in at a moment follows from how it was given out.

A lease ends by the clock, so nothing has to happen for a message to be there again, or to be a dead
letter. Moments are world times in nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What has become of a message."""

    WAITING = "waiting"
    TAKEN = "taken"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Lease:
    """That somebody has a message alone, up to a moment; or up to when it was given back."""

    id: str
    until: int
    released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, there from `put` on. `leases` are those so far, of which the last counts."""

    id: str
    body: Any
    put: int
    leases: tuple[Lease, ...] = ()
    acknowledged: bool = False

    @property
    def lease(self) -> Lease | None:
        """The last lease."""
        return self.leases[-1] if self.leases else None

    def status(self, at: int, tries: int) -> Status:
        """What has become of it by a moment, in a queue of so many tries."""
        if self.acknowledged:
            return Status.ACKNOWLEDGED
        if self.lease is not None and at < self.lease.until:
            return Status.TAKEN
        return Status.DEAD if len(self.leases) >= tries else Status.WAITING

    def free(self, at: int, tries: int) -> bool:
        """Whether it can be given out at a moment."""
        return self.put <= at and self.status(at, tries) is Status.WAITING

    def taken(self, lease: Lease) -> Message:
        """The message once it is given out."""
        return replace(self, leases=(*self.leases, lease))

    def released(self, at: int) -> Message:
        """The message once its last lease is given back at a moment."""
        *before, last = self.leases
        ended = Lease(last.id, min(at, last.until), released=True)
        return replace(self, leases=(*before, ended))
