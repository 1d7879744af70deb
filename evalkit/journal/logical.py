"""Logical calls: the attempts at the same thing, taken together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.journal.records import CONNECT
from evalkit.journal.views import CallView


@dataclass(frozen=True, slots=True)
class LogicalCall:
    """One or more attempts at the same thing, in order."""

    attempts: tuple[CallView, ...]

    @property
    def first(self) -> CallView:
        """The first attempt."""
        return self.attempts[0]

    @property
    def last(self) -> CallView:
        """The last attempt."""
        return self.attempts[-1]

    @property
    def service(self) -> str:
        """The service that was called."""
        return self.first.service

    @property
    def operation(self) -> str:
        """The operation that was called."""
        return self.first.started.operation

    @property
    def turn(self) -> int | None:
        """The turn in which it was made."""
        return self.first.started.turn

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its calls."""
        return tuple(each.call for each in self.attempts)

    @property
    def recovered(self) -> bool:
        """Whether its client got there, at once or in the end."""
        return any(not each.failed for each in self.attempts)


def logical_calls(calls: Iterable[CallView]) -> tuple[LogicalCall, ...]:
    """The logical calls among the calls of one session, in order of their first attempts."""
    attempts: dict[int, list[CallView]] = {}
    for call in calls:
        attempts.setdefault(call.logical, []).append(call)
    return tuple(LogicalCall(tuple(each)) for each in attempts.values())


def requested(calls: Iterable[CallView]) -> tuple[CallView, ...]:
    """The calls that became requests.

    Without a request nobody can tell whether a second connection was for the same thing as the one
    that was refused before it, or for another.
    """
    return tuple(call for call in calls if call.started.operation != CONNECT)
