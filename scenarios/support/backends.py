"""The company's own systems: customer records, the profile data lake, the escalation queue."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal, TypeVar

import httpx
from attempts import Limits, attempt
from pydantic import BaseModel, Field

READ = Limits(attempts=2, timeout=10)
# What customers and colleagues write into records reaches a model; this is what none of them would.
ORDERS = re.compile(r"system override|(ignore|disregard) (all|any|your|previous)", re.IGNORECASE)
HAND_OVER = Limits(attempts=3, timeout=5)


class Customer(BaseModel):
    """A customer's record in the CRM."""

    id: str
    name: str
    plan: str
    since: int
    open_tickets: list[str] = []


class Profile(BaseModel):
    """What the data lake knows about how a customer uses the service."""

    id: str
    devices: list[str] = []
    recent: list[str] = []


class Escalation(BaseModel):
    """A conversation handed over to a colleague, with the lane it goes to and the seconds it has.

    `draft` is what the model would have said, for whoever reviews it.
    """

    lane: Literal["senior", "review", "low"]
    due: int
    draft: str | None
    session: str
    turn: int
    customer: str
    category: str
    summary: str
    transcript: list[str]

    @property
    def key(self) -> str:
        """The same for every attempt at the same hand-over, so that a retry makes no second one."""
        return f"{self.session}/{self.turn}"


class Handed(BaseModel):
    """The queue's receipt."""

    ticket: str = Field(min_length=1)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Backends:
    """The three systems over one HTTP client. All methods raise `Unavailable`."""

    http: httpx.AsyncClient
    crm: str
    profiles: str
    queue: str

    @classmethod
    def from_env(cls, http: httpx.AsyncClient) -> Backends:
        """The systems at the addresses of this environment."""
        env = os.environ
        return cls(http, env["CRM_URL"], env["PROFILE_URL"], env["QUEUE_URL"])

    async def customer(self, customer_id: str) -> Customer:
        """The customer's record."""
        return await self._read(f"{self.crm}/customers/{customer_id}", Customer)

    async def profile(self, customer_id: str) -> Profile:
        """The customer's profile."""
        return await self._read(f"{self.profiles}/profiles/{customer_id}", Profile)

    async def escalate(self, escalation: Escalation) -> str:
        """Put the conversation into the queue; returns the number of the ticket."""

        async def post() -> Handed:
            reply = await self.http.post(
                f"{self.queue}/{escalation.lane}",
                json=escalation.model_dump(),
                headers={"Idempotency-Key": escalation.key},
            )
            return _parsed(reply, Handed)

        return (await attempt(post, HAND_OVER)).ticket

    async def _read(self, url: str, kind: type[M]) -> M:
        async def get() -> M:
            return _checked(_parsed(await self.http.get(url), kind), url)

        return await attempt(get, READ)


def _checked(record: M, url: str) -> M:
    """The record, if it is the one asked for and holds data. Raises `ValueError`."""
    if record.model_dump().get("id") != url.rpartition("/")[2]:
        raise ValueError("this is somebody else's record")
    if ORDERS.search(record.model_dump_json()):
        raise ValueError("this record gives orders to a model")
    return record


def _parsed(reply: httpx.Response, kind: type[M]) -> M:
    return kind.model_validate_json(reply.raise_for_status().content)
