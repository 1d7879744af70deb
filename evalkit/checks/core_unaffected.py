"""`core-unaffected`: while the agent is loaded, a service that others need stays fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import requested
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, JournalView
from evalkit.suite.parts import Part
from evalkit.units import Duration, Share


class Core(Part):
    """Which service is to stay fast, and how fast."""

    service: Operation = Field(description="The service, or operations of it")
    within: Duration | None = Field(
        None, description="How long a call of it may take; without it, the service's `budget`"
    )
    share: Share = Field(0.95, description="The part of its calls that have to be within it")


class CoreUnaffected(Check):
    """Measures every call of a service, whoever makes it, while the sessions of a world run.

    A call that failed or never ended was not within anything. Without a call there is nothing to
    say; without `within` and `budget`, neither.
    """

    name: ClassVar[str] = "core-unaffected"
    about: ClassVar[str] = "a service that others need became slow while the agent was at work"
    example: ClassVar[str] = "core-unaffected: {service: payments, within: 200ms, share: 99%}"
    Settings: ClassVar[type[Part]] = Core
    settings: Core

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """One finding if too many calls were slow, with the slowest of them."""
        use = facts.services.get(self.settings.service.service)
        within = self.settings.within or (None if use is None else use.budget)
        calls = [
            call
            for calls in (*(each.calls for each in view.sessions), view.unattributed)
            for call in requested(calls)
            if self.settings.service.fits(call)
        ]
        if within is None or not calls:
            return
        slow = [call for call in calls if _took(call) is None or (_took(call) or 0) > within]
        if len(calls) - len(slow) < self.settings.share * len(calls):
            yield self._slow(slow, len(calls), within)

    def _slow(self, slow: Sequence[CallView], calls: int, within: int) -> Finding:
        worst = max(slow, key=_badness)
        took = _took(worst)
        how = "did not succeed" if took is None else f"took {duration(took)}"
        started = worst.started
        where = "" if started.session is None else f" of session {started.session}"
        return self.finding(
            f"{len(slow)} of {calls} calls of {self.settings.service} were not within "
            f"{duration(within)} while the agent was at work; the worst {how} "
            f"({numbered((worst.call,))}{where})",
            at=started.at if worst.ended is None else worst.ended.at,
            session=started.session,
            turn=started.turn,
            calls=(worst.call,),
            expected=f"{self.settings.share:.4g} of the calls within {duration(within)}",
            seen=f"{(calls - len(slow)) / calls:.4g}",
            hint="bound how many calls the agent makes at a time, and give the service a pool, "
            "a queue or a limit of its own",
        )


def _took(call: CallView) -> int | None:
    return None if call.failed else call.latency


def _badness(call: CallView) -> tuple[bool, int]:
    return call.failed, call.latency or 0
