"""What a loan needs before it is booked: a report, a screening, and a person's approval."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from attempts import Unavailable
from backends import Backends, File, Report
from case import Case, Offer, Terms
from phrases import phrase

LOWEST_SCORE = 560
MOST_LOANS = 4
VALID = timedelta(hours=24)  # an approval that is older has to be asked for again

Standing: TypeAlias = Literal["pending", "approved", "declined", "stale"]


@dataclass(frozen=True)
class Desk:
    """The steps of a loan, each of which says what it needs of the one before."""

    backends: Backends

    async def assess(self, case: Case, terms: Terms) -> str:
        """Report and screening side by side; returns what the model is told, as JSON.

        Without a screening the customer waits; without a report they get an indication.
        """
        case.offer = None
        report, clear = await asyncio.gather(self._report(case), self._clear(case))
        if not clear:
            case.outcome = "hold"
            return phrase(case.customer.language, "hold")
        if report is None:
            case.outcome = "degraded"
            case.offer = Offer(terms=terms, rate=0.089, firm=False)
            return _told(case.offer, credit="unavailable")
        if report.score < LOWEST_SCORE or report.open_loans > MOST_LOANS:
            return json.dumps({"credit": "checked", "offer": None})
        case.offer = Offer(terms=terms, rate=rate_for(report.score), firm=True)
        return _told(case.offer, credit="checked")

    async def standing(self, case: Case) -> Standing:
        """What has become of the application of a case. Raises `Unavailable`."""
        application = case.application
        assert application is not None
        if application.approved_at is None:
            file = await self.backends.state_of(application.file)
            if file.answer is None or file.answered_at is None:
                return "pending"
            if file.answer.decision == "declined" or not _is_about(file, case):
                return "declined"
            application.approved_at = file.answered_at
        fresh = datetime.now(UTC) - application.approved_at < VALID
        # A booking that was sent in time is only confirmed now.
        return "approved" if fresh or application.tried else "stale"

    async def ask_again(self, case: Case) -> None:
        """A new file in the place of one whose approval is too old. Raises `Unavailable`."""
        application = case.application
        assert application is not None
        number = application.files + 1
        application.file = await self.backends.file(application.id, application.terms, number)
        application.files, application.approved_at = number, None

    async def book(self, case: Case) -> str:
        """Screen once more, and book what was approved. Raises `Unavailable`."""
        application = case.application
        if application is None or application.approved_at is None:
            raise Unavailable("nothing is approved")
        if not await self._clear(case):
            raise Unavailable("the screening is not clear")
        application.tried = True
        case.loan = await self.backends.book(application)
        application.booked = True
        return case.loan

    async def _report(self, case: Case) -> Report | None:
        try:
            return await self.backends.report(case.customer)
        except Unavailable:
            return None

    async def _clear(self, case: Case) -> bool:
        try:
            return (await self.backends.screening(case.customer)).result == "clear"
        except Unavailable:
            return False


def rate_for(score: int) -> float:
    """The yearly rate for a score."""
    return 0.049 if score >= 740 else 0.069 if score >= 650 else 0.099


def _is_about(file: File, case: Case) -> bool:
    """Whether the underwriter approved these terms, and no others."""
    said, application = file.answer, case.application
    if said is None or application is None:
        return False
    terms = application.terms
    about = (said.application, said.amount, said.months)
    return about == (application.id, terms.amount, terms.months)


def _told(offer: Offer, *, credit: str) -> str:
    return json.dumps(
        {
            "credit": credit,
            "offer": {
                **offer.terms.model_dump(),
                "yearly_rate": offer.rate,
                "monthly": offer.monthly,
                "firm": offer.firm,
            },
        }
    )
