"""`no-silent-failure`: a service failed, and the reply did not let it show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import Failure, failures
from evalkit.checks.operations import Operation
from evalkit.checks.targets import Operations, of_any
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView
from evalkit.suite.parts import Part


class Fallbacks(Part):
    """What makes a failure good, beside what shows by itself."""

    fallbacks: Mapping[Operation, Operations] = Field(
        {}, description="What stands in for what: {crm: cache}, by operation"
    )


class NoSilentFailure(Check):
    """A fault reached the agent, nothing made it good, and the turn was answered all the same.

    Made good is what a retry, an equal call beside it, or another model asked the same thing got;
    what a model got right once it was told; a change that went through and was found to have; and
    what a fallback gave that is named. A refusal such as 404 or 422 is an answer and no failure.
    """

    name: ClassVar[str] = "no-silent-failure"
    about: ClassVar[str] = (
        "a service failed for good and the turn was `answered` as if all were well"
    )

    Settings: ClassVar[type[Part] | None] = Fallbacks
    example: ClassVar[str | None] = "no-silent-failure: {fallbacks: {crm: payments GET *}}"
    settings: Fallbacks

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The failures that the replies kept silent about."""
        return [
            self._silent(session, failure)
            for failure in failures(session, facts.models)
            if failure.injected
            and not failure.refused
            and _answered(failure)
            and not _optional(failure, facts)
            and not self._stood_in(session, failure)
        ]

    def _stood_in(self, session: SessionView, failure: Failure) -> bool:
        first = session.call(failure.calls[0])
        by = [
            each
            for operation, fallbacks in self.settings.fallbacks.items()
            if operation.fits(first)
            for each in fallbacks
        ]
        later = [call for call in failure.turn.calls if call.call > first.call]
        return any(not call.failed for call in of_any(by, later))

    def _silent(self, session: SessionView, failure: Failure) -> Finding:
        ended = failure.turn.ended
        return self.finding(
            f"turn {failure.turn.turn} was answered as if all were well, but {failure.what}",
            at=end_of(session) if ended is None else ended.at,
            session=session.id,
            turn=failure.turn.turn,
            calls=failure.calls,
            expected="a retry or fallback that works, or an answer like degraded or hold",
            seen="answered",
            hint="do not swallow the error: let the reply say what is missing; "
            f"if the answer does not need {failure.service}, declare it `optional: true`",
        )


def _answered(failure: Failure) -> bool:
    ended = failure.turn.ended
    return ended is not None and ended.answer is Answer.ANSWERED


def _optional(failure: Failure, facts: Facts) -> bool:
    use = facts.services.get(failure.service)
    return use is not None and use.optional
