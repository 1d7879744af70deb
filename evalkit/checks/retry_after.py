"""`honours-retry-after`: who is told when to come again does not come before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from pydantic import Field

from evalkit.checks.attempting import Step, attempts_in, steps
from evalkit.checks.base import Check, Facts
from evalkit.checks.words import duration, numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import Part
from evalkit.units import MILLISECOND, Duration, Share


class Patience(Part):
    """How exactly the wait is kept."""

    slack: Duration = Field(
        20 * MILLISECOND, description="Time by which a retry may come too early"
    )
    share: Share = Field(0.02, description="Part of the wait by which it may come too early")


class HonoursRetryAfter(Check):
    """Holds the wait before a retry, or before asking once more whether something is done, against
    the `Retry-After` of the reply before it.

    Whoever gives up instead of waiting is right as well.
    """

    name: ClassVar[str] = "honours-retry-after"
    about: ClassVar[str] = "a retry or a poll came before the time that `Retry-After` named"
    example: ClassVar[str] = "honours-retry-after: {slack: 100ms}"
    Settings: ClassVar[type[Part]] = Patience
    settings: Patience

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The retries that came too early."""
        del facts
        tried = (step for logical in attempts_in(session) for step in steps(logical))
        for step in (*tried, *_polls(session)):
            told = _told(step.before, polled=not step.before.failed)
            if told is not None and step.gap < told - self._slack(told):
                yield self._early(session, step, told)

    def _slack(self, told: int) -> int:
        return max(self.settings.slack, round(told * self.settings.share))

    def _early(self, session: SessionView, step: Step, told: int) -> Finding:
        waited = duration(step.gap) if step.gap else "0ms"
        asked = step.after.started
        return self.finding(
            f"{asked.service} {asked.operation} said to come again after {duration(told)} "
            f"({numbered((step.before.call,))}), and was asked again after {waited} "
            f"({numbered((step.after.call,))})",
            at=asked.at,
            session=session.id,
            turn=asked.turn,
            calls=(step.before.call, step.after.call),
            expected=f"a wait of {duration(told)}, or none at all and no retry",
            seen=waited,
            hint="read Retry-After before waiting; where it is too long for the user, give up",
        )


def _polls(session: SessionView) -> Iterator[Step]:
    """Each reading with the next call where that reads the same, and the first went well: as who
    asks whether something is done does. Who did something else in between may have begun anew.
    """
    for before, after in pairwise(session.calls):
        if after.started.method == "GET" and not before.failed and _same(before, after):
            yield Step(before, after)


def _same(one: CallView, other: CallView) -> bool:
    a, b = one.started, other.started
    return (a.turn, a.service, a.operation, a.identity) == (
        b.turn,
        b.service,
        b.operation,
        b.identity,
    )


def _told(call: CallView, *, polled: bool) -> int | None:
    """How long a reply asked to wait. To who began something, a success says when to ask for that,
    and not when to begin it again; to who reads how it goes, it says when to read again.
    """
    ended = call.ended
    if ended is None or ((ended.status or 0) < 300 and not polled):
        return None
    return ended.retry_after
