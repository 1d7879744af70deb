"""`backs-off`: retries leave a failing service time to recover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from evalkit.checks.attempting import Step, attempts_in, steps, transient
from evalkit.checks.base import Check, Facts
from evalkit.checks.words import duration, listed, numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, Severity
from evalkit.journal.views import SessionView
from evalkit.suite.parts import Count, Flag, Part
from evalkit.units import MILLISECOND, Duration

_ALIKE = 0.02


class Backoff(Part):
    """What counts as waiting."""

    least: Duration = Field(50 * MILLISECOND, description="A wait that is none is shorter than it")
    immediate: Count = Field(1, description="Retries of a logical call that may come at once")
    grows: Flag = Field(False, description="Whether waits that stay the same are a violation too")


class BacksOff(Check):
    """Looks at the waits before the retries of a logical call that a failing service answered.

    One retry at once is no offence, as it is for a connection that had been closed meanwhile. Waits
    that are all the same are an advice: with many clients they come in waves.
    """

    name: ClassVar[str] = "backs-off"
    about: ClassVar[str] = "retries came at once, or at waits that do not grow"
    example: ClassVar[str] = "backs-off: {least: 200ms, grows: true}"
    Settings: ClassVar[type[Part]] = Backoff
    settings: Backoff

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls that were retried without backing off."""
        del facts
        for logical in attempts_in(session):
            made = [each for each in steps(logical) if _needs_time(each)]
            at_once = [each for each in made if each.gap < self.settings.least]
            if len(at_once) > self.settings.immediate:
                yield self._hurried(session, logical, at_once)
            elif len(made) > 2 and _alike([each.gap for each in made]):
                yield self._steady(session, logical, made)

    def _hurried(
        self, session: SessionView, logical: LogicalCall, at_once: Sequence[Step]
    ) -> Finding:
        numbers = tuple(each.after.call for each in at_once)
        waits = listed(duration(each.gap) if each.gap else "0ms" for each in at_once)
        return self.finding(
            f"{logical.service} {logical.operation} failed and was tried again at once: "
            f"{numbered(numbers)} after {waits}",
            at=at_once[-1].after.started.at,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected=f"a wait of at least {duration(self.settings.least)} before a retry",
            seen=waits,
            hint="wait before each retry, longer each time, with jitter",
        )

    def _steady(self, session: SessionView, logical: LogicalCall, made: Sequence[Step]) -> Finding:
        wait = duration(made[0].gap)
        return self.finding(
            f"{logical.service} {logical.operation} was tried again every {wait} "
            f"({numbered(logical.numbers)})",
            at=made[-1].after.started.at,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected="waits that grow",
            seen=f"{len(made)} waits of {wait}",
            hint="let each wait be longer than the one before, with jitter",
            severity=None if self.settings.grows else Severity.ADVICE,
        )


def _needs_time(step: Step) -> bool:
    """Whether the service needs time: it failed, and did not say itself when to come again."""
    ended = step.before.ended
    return transient(step.before) and (ended is None or ended.retry_after is None)


def _alike(gaps: Sequence[int]) -> bool:
    return max(gaps) - min(gaps) <= _ALIKE * max(gaps)
