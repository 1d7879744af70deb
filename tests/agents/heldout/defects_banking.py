"""The shipped loan assistant with a mistake."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipped import modules_of

modules_of("banking")

from agent import loan_assistant  # noqa: E402
from case import Case  # noqa: E402
from underwriting import Desk  # noqa: E402


@dataclass(frozen=True)
class ScreensOnce(Desk):
    """A screening that was clear for the offer is not asked for again at the booking."""

    cleared: set[str] = field(default_factory=set)

    async def _clear(self, case: Case) -> bool:
        if case.session not in self.cleared and await super()._clear(case):
            self.cleared.add(case.session)
        return case.session in self.cleared


def screening_reused() -> object:
    """The agent."""
    return loan_assistant(desk=ScreensOnce)
