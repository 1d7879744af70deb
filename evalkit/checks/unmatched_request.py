"""`no-unmatched-request`: a mock had no reply for what the agent asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, JournalView, SessionView


class NoUnmatchedRequest(Check):
    """One finding for each thing asked that no route or rule answers."""

    name: ClassVar[str] = "no-unmatched-request"
    about: ClassVar[str] = "a mock had no route or rule for a request"

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The requests of the session."""
        del facts
        return self._unmatched(session.calls)

    def of_world(self, view: JournalView, facts: Facts) -> Iterable[Finding]:
        """The requests that belong to no session."""
        del facts
        return self._unmatched(view.unattributed)

    def _unmatched(self, calls: Iterable[CallView]) -> Iterator[Finding]:
        asked: dict[tuple[str, str, str], list[CallView]] = {}
        for call in calls:
            if call.ended is not None and call.ended.complaint is not None:
                key = (call.service, call.started.operation, call.ended.complaint)
                asked.setdefault(key, []).append(call)
        for (service, operation, complaint), same in asked.items():
            numbers = tuple(call.call for call in same)
            first = same[0].started
            yield self.finding(
                f"{service} has no reply for {operation} ({numbered(numbers)}): {complaint}",
                at=first.at,
                session=first.session,
                turn=first.turn,
                calls=numbers,
                expected="a route or rule that matches",
                seen=f"{first.method} {first.path}",
                hint=f"add it to the definition or script of {service}, or fix what the agent asks",
            )
