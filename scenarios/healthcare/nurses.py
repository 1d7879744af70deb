"""The nurses: they call patients back, and are paged in an emergency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import httpx2
from attempts import Limits, attempt
from pydantic import BaseModel, Field

CALL_BACK = Limits(attempts=3, timeout=3)
PAGE = Limits(attempts=3, timeout=1)


class Taken(BaseModel):
    """The nurses' receipt."""

    ticket: str = Field(min_length=1)


@dataclass(frozen=True)
class Matter:
    """What a nurse is to look at: whose it is, why, and what was told so far."""

    patient: str
    session: str
    turn: int
    reason: str
    told: Sequence[str]
    facts: Sequence[str]

    @property
    def key(self) -> str:
        """The same for every attempt at the same matter."""
        return f"{self.session}/{self.turn}"


@dataclass(frozen=True)
class Nurses:
    """The nurses' desk over HTTP. Raises `Unavailable`."""

    http: httpx2.AsyncClient
    url: str

    async def ask(self, kind: Literal["callbacks", "pages"], matter: Matter) -> str:
        """Have a nurse call back, or page one; returns the ticket."""

        async def post() -> Taken:
            reply = await self.http.post(
                f"{self.url}/{kind}",
                json={
                    "patient": matter.patient,
                    "session": matter.session,
                    "turn": matter.turn,
                    "reason": matter.reason,
                    "told": list(matter.told),
                    "facts": list(matter.facts),
                },
                headers=self.headers(matter),
            )
            return Taken.model_validate_json(reply.raise_for_status().content)

        return (await attempt(post, PAGE if kind == "pages" else CALL_BACK)).ticket

    def headers(self, matter: Matter) -> dict[str, str]:
        """What lets a repetition be known."""
        return {"Idempotency-Key": matter.key}
