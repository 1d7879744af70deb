"""Quarantine: a scenario that is told of and does not block, until a day that somebody set."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from evalkit.suite.parts import Part

DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _day(value: str) -> str:
    """A day of the calendar, kept as it was written."""
    if re.fullmatch(DAY, value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise ValueError(f'"{value}" is no day; allowed: one like 2026-12-31')


class Quarantine(Part):
    """Why a scenario does not block for now, who sees to it, and until when. It always ends."""

    owner: str = Field(pattern=r"\S", description="Who sees to it")
    reason: str = Field(pattern=r"\S", description="Why it does not block")
    until: Annotated[str, AfterValidator(_day)] = Field(
        description="The last day on which it does not block, in UTC",
        json_schema_extra={"pattern": DAY},
    )

    def holds(self, today: date) -> bool:
        """Whether it is not over yet."""
        return today <= date.fromisoformat(self.until)
