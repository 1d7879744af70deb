"""`retries-bounded`: no more attempts than the suite allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.attempting import attempts_in, looks
from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import Finding
from evalkit.journal.views import SessionView


class RetriesBounded(Check):
    """Counts the attempts of each logical call against the service's `attempts`.

    To read again what was not there yet (404) is no attempt at something that had failed.
    """

    name: ClassVar[str] = "retries-bounded"
    about: ClassVar[str] = "a logical call was attempted more often than its service's `attempts`"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The logical calls with too many attempts."""
        for logical in (each for whole in attempts_in(session) for each in looks(whole)):
            use = facts.services.get(logical.service)
            allowed = None if use is None else use.attempts
            if allowed is not None and len(logical.attempts) > allowed:
                yield self._too_many(session, logical, allowed)

    def _too_many(self, session: SessionView, logical: LogicalCall, allowed: int) -> Finding:
        made = len(logical.attempts)
        return self.finding(
            f"{logical.service} {logical.operation} was attempted {made} times "
            f"({numbered(logical.numbers)}), {allowed} allowed",
            at=logical.last.started.at,
            session=session.id,
            turn=logical.turn,
            calls=logical.numbers,
            expected=f"at most {allowed} attempts",
            seen=f"{made} attempts",
            hint=_hint(logical),
        )


def _hint(logical: LogicalCall) -> str:
    """Retries inside an SDK that begin anew show a second layer around them."""
    begun = [call.started.sdk_retry for call in logical.attempts].count(0)
    if begun > 1:
        return (
            f"two retry layers multiply: the SDK's own retries were begun {begun} times; "
            "keep one layer, for example with max_retries=0 on the client"
        )
    return "bound the retries where they are made; an SDK's own retries count too"
