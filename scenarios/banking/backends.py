"""The bank's own systems and the two it has to ask, each with what it may take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import httpx2
from attempts import Limits, attempt
from case import Application, Customer, Terms
from pydantic import BaseModel, Field

# Two hundred milliseconds is all that the bureau may take, retries included.
CREDIT = Limits(attempts=2, timeout=0.12, budget=0.19, pause=0.01)
SCREENING = Limits(attempts=2, timeout=0.5, budget=0.9, pause=0.05)
FILE = Limits(attempts=3, timeout=0.4, budget=1.1, pause=0.05)
POLL = Limits(attempts=2, timeout=0.25, budget=0.6, pause=0.03)
BOOKING = Limits(attempts=3, timeout=0.4, budget=1.0, pause=0.05)


class Report(BaseModel):
    """What the bureau knows. Its remarks are left out: no text of others reaches a model."""

    score: int = Field(ge=0, le=1000)
    open_loans: int = Field(ge=0)


class Screening(BaseModel):
    """What the screening came to."""

    result: Literal["clear", "review"]


class Verdict(BaseModel):
    """An underwriter's answer, and the terms that it is about."""

    decision: Literal["approved", "declined"]
    application: str
    amount: int
    months: int


class File(BaseModel):
    """A file with the underwriters."""

    id: str = Field(min_length=1)
    status: Literal["waiting", "picked_up", "answered"]
    answered_at: datetime | None = None
    answer: Verdict | None = None


class Booked(BaseModel):
    """The receipt of a loan."""

    loan: str = Field(min_length=1)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Backends:
    """The four systems over one HTTP client. All methods raise `Unavailable`."""

    http: httpx2.AsyncClient
    credit: str
    aml: str
    underwriting: str
    core: str
    key: str

    @classmethod
    def from_env(cls, http: httpx2.AsyncClient) -> Backends:
        """The systems at the addresses of this environment."""
        env = os.environ
        return cls(
            http=http,
            credit=env["CREDIT_URL"],
            aml=env["AML_URL"],
            underwriting=env["UNDERWRITING_URL"],
            core=env["CORE_URL"],
            key=env["DESK_KEY"],
        )

    async def report(self, customer: Customer) -> Report:
        """The credit report of a customer."""
        body = {"national_id": customer.national_id}
        return await self._post(f"{self.credit}/reports", body, Report, CREDIT)

    async def screening(self, customer: Customer) -> Screening:
        """Whether the law lets us deal with a customer."""
        body = {"national_id": customer.national_id, "name": customer.name}
        return await self._post(f"{self.aml}/screenings", body, Screening, SCREENING)

    async def file(self, application: str, terms: Terms, number: int) -> str:
        """Ask the underwriters about these terms; returns the number of their file."""
        body = {"application": application, "round": number, **terms.model_dump()}
        key = f"{application}/{number}"
        made = await self._post(f"{self.underwriting}/files", body, File, FILE, key=key)
        return made.id

    async def state_of(self, file: str) -> File:
        """How a file stands."""

        async def get() -> File:
            return _parsed(await self.http.get(f"{self.underwriting}/files/{file}"), File)

        return await attempt(get, POLL)

    async def book(self, application: Application) -> str:
        """Pay the loan out; returns its number. The same application is never booked twice."""
        body = {
            "application": application.id,
            **application.terms.model_dump(),
            "approval": application.file,
        }
        key = f"{application.id}/booking"
        made = await self._post(f"{self.core}/loans", body, Booked, BOOKING, key=key)
        return made.loan

    async def _post(
        self,
        url: str,
        body: Mapping[str, Any],
        kind: type[M],
        limits: Limits,
        *,
        key: str | None = None,
    ) -> M:
        headers = {"X-Api-Key": self.key}
        if key is not None:
            headers["Idempotency-Key"] = key

        async def post() -> M:
            return _parsed(await self.http.post(url, json=body, headers=headers), kind)

        return await attempt(post, limits)


def _parsed(reply: httpx2.Response, kind: type[M]) -> M:
    return kind.model_validate_json(reply.raise_for_status().content)
