"""`no-retry-of-refusal`: what was refused is not asked again unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.checks.attempting import MISSING, Step, attempts_in, status_of, steps
from evalkit.checks.base import Check, Facts
from evalkit.checks.idempotency import keys_of
from evalkit.checks.operations import Operation
from evalkit.checks.words import numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, Severity
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import OneOrMany, Part

_CREDENTIALS = re.compile(
    r"auth|cookie|token|api-?key|access-?key|secret|session|signature|credential|csrf|xsrf"
)
"""What stands in the names of headers that say who asks: `authorization`, `x-auth-token`."""
_NO_CREDENTIAL = re.compile(r"idempoten|trace|stainless|client-?token")
_ABOUT_WHO_ASKS = frozenset({401, 403})

RefusalStatus = Annotated[int, Field(ge=400, le=499, strict=True)]


class Refusals(Part):
    """What a refusal is."""

    statuses: OneOrMany[RefusalStatus] = Field(
        (400, 401, 403, 404, 422), description="Statuses that asking again does not change"
    )
    polled: OneOrMany[Operation] = Field(
        (), description="Operations that are asked until what they answer is there"
    )


class NoRetryOfRefusal(Check):
    """Finds requests that were sent again as they were, after a status that says no.

    After 401 and 403 other credentials make it another request, and so does another idempotency
    key where it was the key that was refused. Reading again what was not found is an advice, for it
    may be about to come.
    """

    name: ClassVar[str] = "no-retry-of-refusal"
    about: ClassVar[str] = "a request that was refused (400, 401, 403, 404, 422) was sent again"
    example: ClassVar[str] = 'no-retry-of-refusal: {polled: ["crm GET /exports/*"]}'
    Settings: ClassVar[type[Part]] = Refusals
    settings: Refusals

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls in which a refusal was met by asking again."""
        del facts
        for logical in attempts_in(session):
            if any(each.fits(logical.first) for each in self.settings.polled):
                continue
            again = [each for each in steps(logical) if self._refused(each)]
            if again:
                yield self._again(session, logical, again)

    def _refused(self, step: Step) -> bool:
        status = status_of(step.before)
        if status not in self.settings.statuses or _told_to(step.before):
            return False
        if _about_its_key(step.before) and keys_of(step.before.started) != keys_of(
            step.after.started
        ):
            return False
        return status not in _ABOUT_WHO_ASKS or _credentials(step.before) == _credentials(
            step.after
        )

    def _again(self, session: SessionView, logical: LogicalCall, again: list[Step]) -> Finding:
        status = status_of(again[0].before)
        reading = status == MISSING and logical.first.started.method in ("GET", "HEAD")
        numbers = tuple(each.after.call for each in again)
        return self.finding(
            f"{logical.service} {logical.operation} refused with status {status} "
            f"({numbered((again[0].before.call,))}), and the same was sent again as "
            f"{numbered(numbers)}",
            at=again[-1].after.started.at,
            session=session.id,
            turn=logical.turn,
            calls=(again[0].before.call, *numbers),
            expected="no second request, or another one",
            seen=f"{len(again)} more after status {status}",
            hint=_HINTS.get(status or 0, "retry what may pass by itself: 408, 429 and 5xx"),
            severity=Severity.ADVICE if reading else None,
        )


_HINTS = {
    401: "refresh the credential, or ask the user to sign in; the old one is refused again",
    403: "it is not allowed: say so, or hand over to someone who may",
}


def _told_to(call: CallView) -> bool:
    """Whether the reply itself said to come again."""
    return call.ended is not None and call.ended.retry_after is not None


def _about_its_key(call: CallView) -> bool:
    """Whether a refusal speaks of the idempotency key: it is missing, too old, used before."""
    return call.ended is not None and b"idempoten" in call.ended.body.lower()


def _credentials(call: CallView) -> tuple[tuple[str, str], ...]:
    headers = ((name.lower(), value) for name, value in call.started.headers)
    return tuple(
        sorted(
            each
            for each in headers
            if _CREDENTIALS.search(each[0]) and not _NO_CREDENTIAL.search(each[0])
        )
    )
