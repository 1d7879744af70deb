"""`no-silent-failure`: a service failed, and the reply did not let it show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import Failure, failures
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView


class NoSilentFailure(Check):
    """A fault reached the agent, nothing made it good, and the turn was answered all the same.

    Made good is what a retry, an equal call beside it, or another model asked the same thing got.
    """

    name: ClassVar[str] = "no-silent-failure"
    about: ClassVar[str] = (
        "a service failed for good and the turn was `answered` as if all were well"
    )

    def findings(self, session: SessionView, facts: Facts) -> Iterable[Finding]:
        """The failures that the replies kept silent about."""
        return [
            self._silent(session, failure)
            for failure in failures(session)
            if failure.injected and _answered(failure) and not _optional(failure, facts)
        ]

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
