"""`webhooks-taken`: the agent never took what a service told it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.words import numbered
from evalkit.journal.records import Arrival, CallbackSent, Finding
from evalkit.journal.views import SessionView

_ALTERED = "callback_altered"


class WebhooksTaken(Check):
    """One finding for each webhook that was sent in vain, retries included.

    One that a fault altered is to be refused; one that a fault lost, or that came too long after
    its session, never had a chance; and what becomes of a copy is of no consequence.
    """

    name: ClassVar[str] = "webhooks-taken"
    about: ClassVar[str] = "the agent never answered a webhook with success, retries included"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The webhooks of the session."""
        del facts
        altered = {each.call for each in session.faults if each.fault == _ALTERED}
        last = (each for each in session.callbacks if each.last and each.fault is None)
        for sent in last:
            if sent.arrival in _IN_VAIN and sent.call not in altered:
                yield self._finding(sent, _attempts(sent, session.callbacks))

    def _finding(self, sent: CallbackSent, attempts: int) -> Finding:
        why = sent.error or f"{sent.arrival.value} with {sent.status}"
        tried = "" if attempts == 1 else f", the last of {attempts} attempts"
        return self.finding(
            f"{sent.service} webhook {sent.name} ({numbered((sent.call,))}) was not taken: "
            f"{why}{tried}",
            at=sent.at,
            session=sent.session,
            turn=sent.turn,
            calls=(sent.call,),
            expected="a status from 200 to 299",
            seen=sent.arrival.value if sent.status is None else str(sent.status),
            hint="fix the agent's endpoint, or the URL in the `webhook` of the service",
        )


_IN_VAIN = (Arrival.REFUSED, Arrival.FAILED, Arrival.UNREACHABLE)


def _attempts(sent: CallbackSent, all_sent: Iterable[CallbackSent]) -> int:
    return sum(each.id == sent.id and each.fault is None for each in all_sent)
