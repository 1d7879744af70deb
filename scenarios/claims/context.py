"""The context that the three agents share: one for each claim, which expires when it is left alone.

Whoever opens it gets a token, which goes unaltered with every read and write of the turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import httpx
from attempts import Limits, attempt
from handovers import LIFETIME, Extracted, Summary, Unreadable, Wanted, sealed, unsealed
from pydantic import BaseModel

OPEN = Limits(attempts=3, timeout=2)
WRITE = Limits(attempts=3, timeout=2)
READ = Limits(attempts=4, timeout=2)
PLACES = {"claims.extracted": "extracted", "claims.summary": "summary"}

M = TypeVar("M", Extracted, Summary)


class Expired(Exception):
    """The context is gone: what was in it has to be written anew."""


class Opened(BaseModel):
    """A context that is open for this turn; it was opened so often."""

    id: str
    token: str
    opened: int
    expired: bool


@dataclass(frozen=True)
class SharedContext:
    """The store of contexts. Methods raise `Unavailable`; reads and writes `Expired` too."""

    http: httpx.AsyncClient
    url: str

    async def open(self, claim: str) -> Opened:
        """Open the claim's context, or keep it open for longer."""
        until = (datetime.now(UTC) + LIFETIME).isoformat(timespec="milliseconds")
        until = until.replace("+00:00", "Z")

        async def post() -> Opened:
            url = f"{self.url}/contexts/{claim}/open"
            reply = await self.http.post(url, json={"expires_at": until})
            return Opened.model_validate_json(reply.raise_for_status().content)

        return await attempt(post, OPEN)

    async def write(self, context: Opened, wanted: Wanted, data: Extracted | Summary) -> None:
        """Put a hand-over into the context, once."""
        handover = sealed(wanted, data)
        key = f"{context.id}/{context.opened}/{handover['schema']}/{wanted.sequence}"
        headers = {**_token(context), "Idempotency-Key": key}

        async def put() -> None:
            url = self._place(context, wanted)
            _checked(await self.http.put(url, json=handover, headers=headers))

        await attempt(put, WRITE)

    async def read(self, context: Opened, wanted: Wanted, kind: type[M]) -> M:
        """Take a hand-over out of the context; waits a little for one that is on its way.

        Raises `Unreadable` for one that is newer than this release.
        """

        async def get() -> M | Unreadable:
            reply = await self.http.get(self._place(context, wanted), headers=_token(context))
            try:
                return kind.model_validate(unsealed(_checked(reply).json()["handover"], wanted))
            except Unreadable as newer:
                return newer

        found = await attempt(get, READ)
        if isinstance(found, Unreadable):
            raise found
        return found

    def _place(self, context: Opened, wanted: Wanted) -> str:
        return f"{self.url}/contexts/{context.id}/{PLACES[wanted.name]}"


def _token(context: Opened) -> dict[str, str]:
    return {"X-Context-Token": context.token}


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.status_code == 410:
        raise Expired
    return reply.raise_for_status()
