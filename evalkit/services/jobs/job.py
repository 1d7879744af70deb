"""One job or task: what state it is in at a moment is a function of when it began.

How long it is queued and how long it runs are drawn once, by the identity of the call that started
it. So nothing has to happen for its state to change, and whoever asks, and when, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What has become of it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job or task. `began`, `runs` and `ends` are world times in nanoseconds; one that nobody
    picks up neither runs nor ends. `due` is when its end is owed.
    """

    id: str
    began: int
    runs: int | None
    ends: int | None
    fails: bool = False
    due: int | None = None
    context: Any = None
    result: Any = None
    error: Any = None

    def status(self, at: int) -> Status:
        """What has become of it by a world time in nanoseconds."""
        if self.runs is None or self.ends is None or at < self.runs:
            return Status.QUEUED
        if at < self.ends:
            return Status.RUNNING
        return Status.FAILED if self.fails else Status.DONE

    def over(self, at: int) -> bool:
        """Whether nothing changes any more."""
        return self.ends is not None and at >= self.ends

    def overdue(self, at: int) -> bool:
        """Whether it is not done though that is owed, or was done too late."""
        if self.due is None:
            return False
        return at > self.due and (self.ends is None or self.ends > self.due)

    def progress(self, at: int) -> int:
        """How much of it is done, in percent: 100 only once it is over."""
        if self.runs is None or self.ends is None or at < self.runs:
            return 0
        if at >= self.ends:
            return 100
        return (at - self.runs) * 100 // (self.ends - self.runs)
