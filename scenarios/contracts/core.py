"""The core system: contracts, reports, and the payments that must never wait for either.

It works on a few requests at a time, whoever makes them. So reviews have a few places of their own
there (`reading`), and payments go past them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from attempts import Limits, NotUsable, attempt
from pydantic import BaseModel, Field

READ = Limits(attempts=3, timeout=5)
WRITE = Limits(attempts=3, timeout=5)
PAY = Limits(attempts=3, timeout=4)
READERS = 3  # of the six requests that the core system works on at once


class Contract(BaseModel):
    """A contract, by its pages."""

    id: str
    owner: str
    pages: int = Field(ge=1)


class Chunk(BaseModel):
    """Some pages of a contract."""

    document: str
    number: int
    text: str = Field(min_length=1)


class Paid(BaseModel):
    """A receipt."""

    receipt: str = Field(min_length=1)


class Unknown(Exception):
    """There is no such contract."""


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Core:
    """The core system over one HTTP client. All methods raise `Unavailable`."""

    http: httpx.AsyncClient
    url: str
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))

    async def contract(self, document: str) -> Contract:
        """A contract. Raises `Unknown` too."""
        reply = await self._get(f"/documents/{document}")
        if reply.status_code == 404:
            raise Unknown(document)
        return Contract.model_validate_json(reply.content)

    async def chunk(self, document: str, number: int) -> Chunk:
        """Some pages, and no others."""

        async def get() -> Chunk:
            url = f"{self.url}/documents/{document}/chunks/{number}"
            found = _parsed(await self.http.get(url), Chunk)
            if (found.document, found.number) != (document, number):
                raise NotUsable(f"asked for chunk {number}, got {found.number}")
            return found

        async with self.reading:
            return await attempt(get, READ)

    async def keep(self, job: str, report: dict[str, Any]) -> None:
        """Put a report on file, once."""

        async def put() -> None:
            headers = {"Idempotency-Key": job}
            url = f"{self.url}/reports"
            (await self.http.post(url, json=report, headers=headers)).raise_for_status()

        async with self.reading:
            await attempt(put, WRITE)

    async def pay(self, invoice: str, amount: str) -> Paid:
        """Pay an invoice, once."""

        async def post() -> Paid:
            headers = {"Idempotency-Key": invoice}
            order = {"invoice": invoice, "amount": amount}
            reply = await self.http.post(f"{self.url}/payments", json=order, headers=headers)
            return _parsed(reply, Paid)

        return await attempt(post, PAY)

    async def _get(self, path: str) -> httpx.Response:
        async def get() -> httpx.Response:
            reply = await self.http.get(f"{self.url}{path}")
            if reply.status_code != 404:
                reply.raise_for_status().json()
            return reply

        async with self.reading:
            return await attempt(get, READ)


def _parsed(reply: httpx.Response, kind: type[M]) -> M:
    return kind.model_validate_json(reply.raise_for_status().content)
