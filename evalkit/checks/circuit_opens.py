"""`circuit-opens`: a service that keeps failing is left alone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.circuit import Breaker, Opening, openings
from evalkit.checks.words import duration, numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import JournalView
from evalkit.suite.parts import Part


class CircuitOpens(Check):
    """After so many logical calls in a row have failed, nobody asks until the pause is over.

    What was under way by then, and its retries, are no new requests.
    """

    name: ClassVar[str] = "circuit-opens"
    about: ClassVar[str] = "a service that kept failing was asked on and on, with no pause"
    Settings: ClassVar[type[Part] | None] = Breaker
    example: ClassVar[str | None] = "circuit-opens: {at: crm, failures: 5, pause: 30s}"
    settings: Breaker

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """The times at which it was not left alone."""
        del facts
        for opening in openings(view, self.settings):
            if opening.too_early and not opening.again:
                yield self._asked_on(opening)

    def _asked_on(self, opening: Opening) -> Finding:
        first = opening.too_early[0].first.started
        own = [each for each in opening.too_early if each.first.started.session == first.session]
        calls = tuple(each.first.call for each in own)
        count, pause = len(opening.too_early), duration(self.settings.pause)
        in_session = "" if count == len(calls) else f", {len(calls)} of them in this session"
        return self.finding(
            f"{self.settings.failures} calls of {self.settings.at} in a row had failed, and {count}"
            f" more {'was' if count == 1 else 'were'} made within {pause}{in_session} "
            f"({numbered(calls[:5])}{' and more' if calls[5:] else ''})",
            at=first.at,
            session=first.session,
            turn=first.turn,
            calls=calls,
            expected=f"none for {pause}",
            seen=f"{count}, the first after {duration(first.at - opening.at)}",
            hint="put a circuit breaker around the client, shared by all sessions of the process, "
            "and answer at once (degraded, hold) while it is open",
        )
