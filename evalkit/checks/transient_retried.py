"""`retries-transient`: a failure that may pass is given a second chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.attempting import UNHANDLED, attempts_in, broke_off, status_of, transient
from evalkit.checks.base import Check, Facts
from evalkit.checks.failures import failures
from evalkit.checks.idempotency import keys_of
from evalkit.checks.words import failure_of, numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, Outcome
from evalkit.journal.views import CallView, JournalView, SessionView
from evalkit.suite.model import ServiceUse
from evalkit.units import SECOND

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PATIENCE = 10 * SECOND


class RetriesTransient(Check):
    """Finds services with `attempts` above 1 that the agent never asks a second time.

    Only what can be repeated safely counts: reads, models, requests with an idempotency key, and
    what the service said it had not begun with. Where the agent does retry the service now and
    then, it is taken to know when not to: a circuit may be open, or the time be up.
    """

    name: ClassVar[str] = "retries-transient"
    about: ClassVar[str] = "a passing failure was never retried though `attempts` allows it"

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """The failures that nothing was tried against, in services that are never retried."""
        retried = {
            logical.service
            for session in view.sessions
            for logical in attempts_in(session)
            if len(logical.attempts) > 1
        }
        for session in view.sessions:
            for logical in _never_retried(session):
                use = facts.services.get(logical.service)
                if use is None or (use.attempts or 1) < 2 or logical.service in retried:
                    continue
                if _time_left(logical, use) and _repeatable(logical.first, facts):
                    yield self._never(session, logical, use.attempts or 0)

    def _never(self, session: SessionView, logical: LogicalCall, attempts: int) -> Finding:
        call = logical.first
        return self.finding(
            f"{logical.service} {logical.operation} failed ({numbered(logical.numbers)}: "
            f"{failure_of(call)}) and was not tried again",
            at=call.started.at if call.ended is None else call.ended.at,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected=f"a retry: `attempts` of {logical.service} is {attempts}",
            seen="one attempt",
            hint="retry what may pass by itself (408, 429, 5xx, a broken connection), with backoff",
        )


def _never_retried(session: SessionView) -> Iterator[LogicalCall]:
    """The logical calls of one attempt that failed for good, in a way that may pass."""
    failed = {number for failure in failures(session) for number in failure.calls}
    for logical in attempts_in(session):
        if len(logical.attempts) == 1 and logical.first.call in failed and transient(logical.first):
            yield logical


def _time_left(logical: LogicalCall, use: ServiceUse) -> bool:
    """Whether a retry could have come within the budget, or before the user's patience ends."""
    call = logical.first
    waits = 0 if call.ended is None else call.ended.retry_after or 0
    took = (call.latency or 0) + waits
    return took * 2 <= (_PATIENCE if use.budget is None else use.budget)


def _repeatable(call: CallView, facts: Facts) -> bool:
    if call.started.method in _SAFE or call.service in facts.models or keys_of(call.started):
        return True
    refused = call.ended is not None and call.ended.outcome is Outcome.REFUSED
    return refused or (not broke_off(call) and status_of(call) in UNHANDLED)
