"""`honours-retry-after`: who is told when to come again does not come before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.attempting import Step, attempts_in, steps
from evalkit.checks.base import Check, Facts
from evalkit.checks.words import duration, numbered
from evalkit.journal.logical import LogicalCall
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
    """Holds the wait before a retry against the `Retry-After` of the reply before it.

    Whoever gives up instead of waiting is right as well.
    """

    name: ClassVar[str] = "honours-retry-after"
    about: ClassVar[str] = "a retry came before the time that `Retry-After` named"
    example: ClassVar[str] = "honours-retry-after: {slack: 100ms}"
    Settings: ClassVar[type[Part]] = Patience
    settings: Patience

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The retries that came too early."""
        del facts
        for logical in attempts_in(session):
            for step in steps(logical):
                told = _told(step.before)
                if told is not None and step.gap < told - self._slack(told):
                    yield self._early(session, logical, step, told)

    def _slack(self, told: int) -> int:
        return max(self.settings.slack, round(told * self.settings.share))

    def _early(self, session: SessionView, logical: LogicalCall, step: Step, told: int) -> Finding:
        waited = duration(step.gap) if step.gap else "0ms"
        return self.finding(
            f"{logical.service} {logical.operation} said to come again after {duration(told)} "
            f"({numbered((step.before.call,))}), and was asked again after {waited} "
            f"({numbered((step.after.call,))})",
            at=step.after.started.at,
            session=session.id,
            turn=logical.turn,
            calls=(step.before.call, step.after.call),
            expected=f"a wait of {duration(told)}, or none at all and no retry",
            seen=waited,
            hint="read Retry-After before waiting; where it is too long for the user, give up",
        )


def _told(call: CallView) -> int | None:
    """How long a refusal asked to wait. A success says when to ask for what it began, not again."""
    ended = call.ended
    if ended is None or (ended.status or 0) < 300:
        return None
    return ended.retry_after
