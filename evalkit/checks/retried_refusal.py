"""`no-retry-of-refusal`: what was refused is not asked again unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.checks.attempting import Step, attempts_in, status_of, steps
from evalkit.checks.base import Check, Facts
from evalkit.checks.operations import Operation
from evalkit.checks.words import numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding, Severity
from evalkit.journal.views import CallView, SessionView
from evalkit.suite.parts import OneOrMany, Part

_CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"})
_ABOUT_WHO_ASKS = frozenset({401, 403})
_MISSING = 404

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

    After 401 and 403 other credentials make it another request. Reading again what was not found
    is an advice, for it may be about to come.
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
        return status not in _ABOUT_WHO_ASKS or _credentials(step.before) == _credentials(
            step.after
        )

    def _again(self, session: SessionView, logical: LogicalCall, again: list[Step]) -> Finding:
        status = status_of(again[0].before)
        reading = status == _MISSING and logical.first.started.method in ("GET", "HEAD")
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


def _credentials(call: CallView) -> tuple[tuple[str, str], ...]:
    headers = ((name.lower(), value) for name, value in call.started.headers)
    return tuple(sorted(each for each in headers if each[0] in _CREDENTIALS))
