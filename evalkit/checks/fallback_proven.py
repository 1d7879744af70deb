"""`fallback-proven`: where a service failed for good, its fallback was asked and it answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import Failure, failures
from evalkit.checks.operations import Operation
from evalkit.checks.words import failure_of, numbered
from evalkit.journal.records import CONNECT, Finding, Severity, Stage
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import Part


class Fallback(Part):
    """What stands in for what."""

    of: Operation = Field(description="What may fail")
    by: Operation = Field(description="What is asked in its place")


class FallbackProven(Check):
    """Every turn in which `of` failed for good asks `by`, and gets a reply from it. Where `by` was
    asked and failed though no fault had befallen it, that is an advice.
    """

    name: ClassVar[str] = "fallback-proven"
    about: ClassVar[str] = "a service failed for good and its fallback did not take over"
    Settings: ClassVar[type[Part] | None] = Fallback
    example: ClassVar[str | None] = "fallback-proven: {of: crm GET /customers/*, by: llm}"
    settings: Fallback

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The failures that nobody stood in for."""
        del facts
        for failure in failures(session):
            if not failure.refused and self._is_of(failure, session):
                asked = [call for call in failure.turn.calls if self._stands_in(call, failure)]
                if not any(not call.failed for call in asked):
                    yield self._missing(session, failure, asked)

    def _is_of(self, failure: Failure, session: SessionView) -> bool:
        first = session.call(failure.calls[0])
        return self.settings.of.fits(first) or (
            # A connection that was refused was for whatever was to be asked.
            first.service == self.settings.of.service and first.started.operation == CONNECT
        )

    def _stands_in(self, call: CallView, failure: Failure) -> bool:
        return self.settings.by.fits(call) and call.call > failure.calls[0]

    def _missing(self, session: SessionView, failure: Failure, asked: list[CallView]) -> Finding:
        by, numbers = self.settings.by, tuple(call.call for call in asked)
        ways = "; ".join(dict.fromkeys(map(failure_of, asked)))
        seen = f"{by} failed too ({numbered(numbers)}: {ways})" if asked else f"{by} was not asked"
        ended = failure.turn.ended
        return self.finding(
            f"turn {failure.turn.turn}: {failure.what}, and {seen}",
            at=end_of(session) if ended is None else ended.at,
            session=session.id,
            turn=failure.turn.turn,
            calls=(*failure.calls, *numbers),
            expected=f"a reply of {by}",
            seen=seen,
            hint="go to the fallback on every way to fail: refusals, timeouts and broken replies "
            "as well as errors; and keep it apart, so that one cause does not take both",
            severity=Severity.ADVICE if asked and not any(map(_befallen, asked)) else None,
        )


def _befallen(call: CallView) -> bool:
    return any(fault.stage is not Stage.SCHEDULED for fault in call.faults)
