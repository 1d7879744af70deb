"""The shipped order desk with a mistake."""

from __future__ import annotations

from shipped import modules_of

modules_of("commerce")

from app import make_app  # noqa: E402
from desk import Desk, Said, Talk  # noqa: E402


class TalksByCustomer(Desk):
    """What was said and proposed is kept by the customer, who may have two windows open."""

    async def turn(self, talk: Talk, message: str) -> Said:
        return await super().turn(self.talks.setdefault(talk.customer, talk), message)


talks_by_customer = make_app(desk=TalksByCustomer)
