"""`idempotency-key-stable`: one key for one thing, in all attempts at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from evalkit.checks.attempting import Step, attempts_in, status_of, steps
from evalkit.checks.base import Check, Facts
from evalkit.checks.idempotency import keys_of
from evalkit.checks.words import numbered
from evalkit.journal.logical import LogicalCall, requested
from evalkit.journal.records import Finding, Outcome
from evalkit.journal.views import CallView, JournalView, SessionView

_Used: TypeAlias = tuple[SessionView, CallView]
_HINT = "make the key once for each thing to be done, keep it, and send it with every attempt"


class IdempotencyKeyStable(Check):
    """Finds retries with another key than the attempt before, and keys used for other requests.

    After a reply that says that nothing was done (a 4xx, no connection) a new key is no harm.
    """

    name: ClassVar[str] = "idempotency-key-stable"
    about: ClassVar[str] = "the idempotency key changed between attempts, or was used twice"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls whose key did not stay the same."""
        del facts
        for logical in attempts_in(session):
            for step in steps(logical):
                before, after = keys_of(step.before.started), keys_of(step.after.started)
                if before != after and _may_have_worked(step.before):
                    yield self._changed(session, logical, step)
                    break

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """The keys that were sent with different requests, in one session or in two."""
        del facts
        first: dict[tuple[str, str, str], _Used] = {}
        told: set[tuple[str, str, str]] = set()
        for session in view.sessions:
            for call in requested(session.calls):
                for key in keys_of(call.started):
                    place = (call.service, call.started.operation, key)
                    used = first.setdefault(place, (session, call))
                    other = used[1].started.identity != call.started.identity
                    if other and place not in told:
                        told.add(place)
                        yield self._reused(used, (session, call))

    def _changed(self, session: SessionView, logical: LogicalCall, step: Step) -> Finding:
        gone = not keys_of(step.after.started)
        pair = (step.before.call, step.after.call)
        return self.finding(
            f"{logical.service} {logical.operation} was tried again "
            + ("without its idempotency key" if gone else "with another idempotency key")
            + f" ({numbered(pair)}), though the first attempt may have worked",
            at=step.after.started.at,
            session=session.id,
            turn=logical.turn,
            calls=pair,
            expected="the same key in all attempts",
            seen="no key" if gone else "another key",
            hint=_HINT,
        )

    def _reused(self, first: _Used, again: _Used) -> Finding:
        (before, earlier), (session, call) = first, again
        same = before.id == session.id
        where = "" if same else f" in session {before.id}"
        return self.finding(
            f"{call.service} {call.started.operation} was sent ({numbered((call.call,))}) with the "
            f"idempotency key of another request ({numbered((earlier.call,))}{where})",
            at=call.started.at,
            session=session.id,
            turn=call.started.turn,
            calls=(earlier.call, call.call) if same else (call.call,),
            expected="a key of its own for each request",
            seen="one key for two requests: the service may take the second for done",
            hint=_HINT,
        )


def _may_have_worked(call: CallView) -> bool:
    """Whether the service may have done what was asked, though its client does not know."""
    status = status_of(call)
    if call.ended is not None and call.ended.outcome is Outcome.REFUSED:
        return False
    return status is None or status >= 500 or status in (408, 409)
