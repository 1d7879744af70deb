"""Who the agent may act for: a grant for each conversation, kept fresh, and given up when refused.

The portal opens a conversation for an employee who has signed in, and keeps it shut after a reply
that asks to sign in, until that is done. So the first message, and the first after such a reply,
come with a sign-in that the token endpoint turns into a grant; in between, only a refresh helps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2
from attempts import Limits, Unavailable, attempt
from pydantic import BaseModel, Field

CLIENT = {"client_id": "hr-assistant", "client_secret": "not-a-secret"}
SCOPES = "payslips:read leave:read bank:write"
TOKEN = Limits(attempts=3, timeout=3)
EARLY = 10.0  # seconds before its end in which a token is no longer used


class SignInNeeded(Exception):
    """The employee has to sign in again: nothing else gets a token."""


class Issued(BaseModel):
    """What the token endpoint answers."""

    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    expires_in: float


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, what renews it, and when it ends, by the monotonic clock."""

    token: str
    refresh: str
    ends: float

    @property
    def stale(self) -> bool:
        """Whether it is over, or so soon that a request could come too late."""
        return time.monotonic() > self.ends - EARLY


@dataclass
class SignIns:
    """The grants of all conversations. A grant is never used for another conversation."""

    http: httpx2.AsyncClient
    url: str
    grants: dict[str, Grant] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def token(self, session: str) -> str:
        """A token that is good now. Raises `SignInNeeded`, `Unavailable`."""
        async with self.locks.setdefault(session, asyncio.Lock()):
            grant = self.grants.get(session)
            if grant is None:
                grant = await self._issued(session, {"grant_type": "client_credentials"})
            elif grant.stale:
                grant = await self._refreshed(session, grant)
            return grant.token

    async def renewed(self, session: str, refused: str) -> str:
        """A token in place of one that was refused. Raises `SignInNeeded`, `Unavailable`."""
        async with self.locks.setdefault(session, asyncio.Lock()):
            grant = self.grants.get(session)
            if grant is None:
                raise SignInNeeded
            if grant.token == refused:
                grant = await self._refreshed(session, grant)
            return grant.token

    def forget(self, session: str) -> None:
        """Give the grant up, so that the next one needs a sign-in."""
        self.grants.pop(session, None)

    async def _refreshed(self, session: str, grant: Grant) -> Grant:
        fields = {"grant_type": "refresh_token", "refresh_token": grant.refresh}
        return await self._issued(session, fields)

    async def _issued(self, session: str, fields: Mapping[str, str]) -> Grant:
        async def post() -> Issued:
            data = {**CLIENT, "scope": SCOPES, **fields}
            reply = await self.http.post(f"{self.url}/oauth/token", data=data)
            if reply.status_code in (400, 401, 403):
                raise SignInNeeded
            return Issued.model_validate_json(reply.raise_for_status().content)

        try:
            issued = await attempt(post, TOKEN)
        except SignInNeeded:
            self.forget(session)
            raise
        ends = time.monotonic() + issued.expires_in
        grant = Grant(issued.access_token, issued.refresh_token, ends)
        self.grants[session] = grant
        return grant


__all__ = ["SignInNeeded", "SignIns", "Unavailable"]
