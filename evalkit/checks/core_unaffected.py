"""`core-unaffected`: while the agent is loaded, a service that others need stays fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import requested
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, JournalView, SessionView
from evalkit.suite.parts import Part
from evalkit.units import Duration, Share


class Core(Part):
    """Which service is to stay fast, and how fast."""

    service: Operation = Field(description="The service, or operations of it")
    within: Duration | None = Field(
        None, description="How long a call of it may take; without it, the service's `budget`"
    )
    share: Share = Field(0.95, description="The part of its calls that have to be within it")
    since: Literal["call", "turn"] = Field(
        "call",
        description="From when a call is measured: from its request, or the first of a turn from "
        "the start of that turn, so that a wait within the agent counts too",
    )


class CoreUnaffected(Check):
    """Measures every call of a service, whoever makes it, while the sessions of a world run.

    With `since: turn` the wait within the agent before a turn's first call counts too: for turns
    that need nothing but that service. A call that failed or never ended was not within anything.
    Without a call there is nothing to say; without `within` and `budget`, neither.
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
            (call, self._took(call, session))
            for session, of_session in (
                *((each, each.calls) for each in view.sessions),
                (None, view.unattributed),
            )
            for call in requested(of_session)
            if self.settings.service.fits(call)
        ]
        if within is None or not calls:
            return
        slow = [each for each in calls if each[1] is None or each[1] > within]
        if len(calls) - len(slow) < self.settings.share * len(calls):
            yield self._slow(slow, len(calls), within)

    def _took(self, call: CallView, session: SessionView | None) -> int | None:
        """How long a call took, with what the agent made it wait where that counts."""
        if call.failed or call.latency is None:
            return None
        waited = _waited(call, session) if self.settings.since == "turn" else 0
        return call.latency + waited

    def _slow(self, slow: Sequence[_Measured], calls: int, within: int) -> Finding:
        worst, took = max(slow, key=_badness)
        how = "did not succeed" if took is None else f"took {duration(took)}"
        started = worst.started
        waited = 0 if took is None else took - (worst.latency or 0)
        held = f", {duration(waited)} of it before the agent made it" if waited else ""
        where = "" if started.session is None else f" of session {started.session}"
        return self.finding(
            f"{len(slow)} of {calls} calls of {self.settings.service} were not within "
            f"{duration(within)} while the agent was at work; the worst {how} "
            f"({numbered((worst.call,))}{where}){held}",
            at=started.at if worst.ended is None else worst.ended.at,
            session=started.session,
            turn=started.turn,
            calls=(worst.call,),
            expected=f"{self.settings.share:.4g} of the calls within {duration(within)}",
            seen=f"{(calls - len(slow)) / calls:.4g}",
            hint="bound how many calls the agent makes at a time, and give the service a pool, "
            "a queue or a limit of its own",
        )


_Measured: TypeAlias = tuple[CallView, int | None]
"""A call and how long it took; None where it did not succeed."""


def _waited(call: CallView, session: SessionView | None) -> int:
    """How long the first call of a turn was not made yet."""
    turns = () if session is None else session.turns
    turn = next((each for each in turns if each.turn == call.started.turn), None)
    if turn is None or requested(turn.calls)[0].call != call.call:
        return 0
    return call.started.at - turn.started.at


def _badness(measured: _Measured) -> tuple[bool, int]:
    return measured[1] is None, measured[1] or measured[0].latency or 0
