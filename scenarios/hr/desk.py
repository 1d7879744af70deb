"""The desk of HR: cases that people take over."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2
from attempts import Limits, attempt
from payroll import Employee
from pydantic import BaseModel, Field

OPEN = Limits(attempts=3, timeout=5)


class Opened(BaseModel):
    """The desk's receipt."""

    case: str = Field(min_length=1)


@dataclass(frozen=True)
class Desk:
    """The desk over HTTP. Raises `Unavailable`."""

    http: httpx2.AsyncClient
    url: str

    async def open(self, employee: Employee, turn: int, subject: str, transcript: list[str]) -> str:
        """Open a case with what was said so far; returns its number. A repetition opens none."""
        body = {
            "employee": employee.id,
            "session": employee.session,
            "turn": turn,
            "subject": subject,
            "transcript": transcript,
        }

        async def post() -> Opened:
            headers = self.headers(employee, turn)
            reply = await self.http.post(f"{self.url}/cases", json=body, headers=headers)
            return Opened.model_validate_json(reply.raise_for_status().content)

        return (await attempt(post, OPEN)).case

    def headers(self, employee: Employee, turn: int) -> dict[str, str]:
        """The key is the same for every attempt at the same case."""
        return {"Idempotency-Key": f"{employee.session}/{turn}"}
