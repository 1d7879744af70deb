"""`no-retry-storm`: retries of several layers multiplied, or had no end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.attempting import attempts_in, gave_up, transient
from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, Severity
from evalkit.journal.rounds import multiplied, rounds
from evalkit.journal.views import SessionView
from evalkit.suite.parts import Count, Part


class Limit(Part):
    """How much one thing may be tried."""

    requests: Count = Field(8, description="Requests that one logical call may come to")


class NoRetryStorm(Check):
    """Counts the requests of a logical call that a failing service got, over all layers.

    More than `requests` are a violation; layers that multiply below that are an advice.
    """

    name: ClassVar[str] = "no-retry-storm"
    about: ClassVar[str] = "retry layers multiplied, or retries went on and on"
    example: ClassVar[str] = "no-retry-storm: {requests: 6}"
    Settings: ClassVar[type[Part]] = Limit
    settings: Limit

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls that came to too many requests."""
        del facts
        for logical in attempts_in(session):
            failed = sum(transient(call) or gave_up(call) for call in logical.attempts)
            too_many = len(logical.attempts) > self.settings.requests
            if failed == 0 or len(logical.attempts) - failed > 1:
                continue  # what was refused, or is not there yet, is asked again for other reasons
            if too_many or multiplied(rounds(logical.attempts)):
                yield self._storm(session, logical, too_many=too_many)

    def _storm(self, session: SessionView, logical: LogicalCall, *, too_many: bool) -> Finding:
        made = rounds(logical.attempts)
        layers = (
            f": {len(made)} rounds of {_sizes([len(each) for each in made])} multiply"
            if multiplied(made)
            else ""
        )
        count = len(logical.attempts)
        return self.finding(
            f"{logical.service} {logical.operation} came to {count} requests "
            f"({numbered(logical.numbers)}){layers}",
            at=logical.last.started.at,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected=f"at most {self.settings.requests} requests, and one layer that retries",
            seen=f"{count} requests",
            hint="let one layer retry: max_retries=0 on the client, or no retry policy around it"
            if layers
            else "give up after a few attempts, and for a while stop asking (a circuit breaker)",
            severity=None if too_many else Severity.ADVICE,
        )


def _sizes(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{high} requests" if low == high else f"{low} to {high} requests"
