"""`webhooks-taken`: the agent never took what a service told it, or took it and lost it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.targets import Operations
from evalkit.checks.webhooks_lost import Lost, lost_in
from evalkit.checks.words import failure_of, numbered
from evalkit.journal.records import Arrival, CallbackSent, Finding
from evalkit.journal.views import SessionView
from evalkit.suite.parts import Part
from evalkit.units import SECOND, Duration

_ALTERED = "callback_altered"


class Taking(Part):
    """What it is to take a webhook."""

    writes: Operations = Field(
        (), description="Requests that write down what webhooks tell; none of them may be lost"
    )
    grace: Duration = Field(
        10 * SECOND,
        description="How long after a write that failed it may be tried again, or newer news of "
        "the same may take its place",
    )


class WebhooksTaken(Check):
    """One finding for each webhook that was sent in vain, retries included, and for each that was
    answered with success while what it told could not be written down, so that nobody sends it
    again.

    One that a fault altered is to be refused; one that a fault lost, or that came too long after
    its session, never had a chance; and what becomes of a copy is of no consequence.
    """

    name: ClassVar[str] = "webhooks-taken"
    about: ClassVar[str] = "a webhook was never answered with success, or was and then lost"
    example: ClassVar[str] = 'webhooks-taken: {writes: "crm PATCH /orders/*"}'
    Settings: ClassVar[type[Part]] = Taking
    settings: Taking

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The webhooks of the session."""
        del facts
        altered = {each.call for each in session.faults if each.fault == _ALTERED}
        last = (each for each in session.callbacks if each.last and each.fault is None)
        for sent in last:
            if sent.arrival in _IN_VAIN and sent.call not in altered:
                yield self._finding(sent, _attempts(sent, session.callbacks))
        if session.callbacks:
            for lost in lost_in(session, self.settings.writes, self.settings.grace):
                yield self._lost(lost)

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

    def _lost(self, lost: Lost) -> Finding:
        sent, first, last = lost.sent, lost.calls[0], lost.calls[-1]
        numbers = tuple(each.call for each in lost.calls)
        when = "before it was written down" if lost.early else "though it was not written down"
        return self.finding(
            f"{sent.service} webhook {sent.name} ({numbered((sent.call,))}) was answered with "
            f"{sent.status} {when}: {first.service} {first.started.operation} failed for good "
            f"({numbered(numbers)}: {failure_of(last)})",
            at=sent.at if last.ended is None else last.ended.at,
            session=sent.session,
            turn=sent.turn,
            calls=(sent.call, *numbers),
            expected="success once it is written down, else a failure, so that it is sent again",
            seen=str(sent.status),
            hint="answer when the write is done, or put the event where it survives and try again",
        )


_IN_VAIN = (Arrival.REFUSED, Arrival.FAILED, Arrival.UNREACHABLE)


def _attempts(sent: CallbackSent, all_sent: Iterable[CallbackSent]) -> int:
    return sum(each.id == sent.id and each.fault is None for each in all_sent)
