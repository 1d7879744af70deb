"""`policy-followed`: when a service fails, the answer is the one the suite requires."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import Failure, failures
from evalkit.checks.words import answer_of
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView
from evalkit.suite.model import ServiceUse


class PolicyFollowed(Check):
    """Holds the turn's answer against `on_timeout` (its client gave up waiting) or `on_failure`."""

    name: ClassVar[str] = "policy-followed"
    about: ClassVar[str] = "a service failed and the answer is not its `on_failure` or `on_timeout`"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that answered otherwise."""
        for failure in failures(session, facts.models):
            rule, required = _required(failure, facts.services.get(failure.service))
            ended = failure.turn.ended
            if required and (ended is None or ended.answer not in required):
                yield self._otherwise(session, failure, rule, required)

    def _otherwise(
        self, session: SessionView, failure: Failure, rule: str, required: tuple[Answer, ...]
    ) -> Finding:
        ended = failure.turn.ended
        seen, wanted = answer_of(failure.turn), " or ".join(required)
        return self.finding(
            f"{failure.what}, and turn {failure.turn.turn} must then be {wanted}: it was {seen}",
            at=end_of(session) if ended is None else ended.at,
            session=session.id,
            turn=failure.turn.turn,
            calls=failure.calls,
            expected=f"{wanted} (`{rule}` of {failure.service})",
            seen=seen,
            hint="handle this failure where the call is made and answer by the policy",
        )


def _required(failure: Failure, use: ServiceUse | None) -> tuple[str, tuple[Answer, ...]]:
    """The policy that applies; a timeout without a policy of its own is a failure like others."""
    if use is None:
        return "on_failure", ()
    if failure.timed_out and use.on_timeout:
        return "on_timeout", use.on_timeout
    return "on_failure", use.on_failure
