"""`requests-conform`: a request broke the contract of its service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, JournalView, SessionView


class RequestsConform(Check):
    """One finding for each way in which the requests for an operation break its contract."""

    name: ClassVar[str] = "requests-conform"
    about: ClassVar[str] = "a request broke the contract (OpenAPI document) of its service"

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The breaches of the session."""
        del facts
        return self._breaches(session.calls)

    def of_world(self, view: JournalView, facts: Facts) -> Iterable[Finding]:
        """The breaches that belong to no session."""
        del facts
        return self._breaches(view.unattributed)

    def _breaches(self, calls: Iterable[CallView]) -> Iterator[Finding]:
        broken: dict[tuple[str, str, str], list[CallView]] = {}
        for call in calls:
            for breach in () if call.ended is None else call.ended.breaches:
                broken.setdefault((call.service, call.started.operation, breach), []).append(call)
        for (service, operation, breach), same in broken.items():
            numbers = tuple(call.call for call in same)
            first = same[0].started
            yield self.finding(
                f"{service} {operation} ({numbered(numbers)}): {breach}",
                at=first.at,
                session=first.session,
                turn=first.turn,
                calls=numbers,
                expected=f"a request that fits the contract of {service}",
                seen=f"{first.method} {first.path}",
                hint="fix what the agent sends, or the contract if that is what is wrong",
            )
