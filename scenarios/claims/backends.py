"""The insurer's own systems: the register of policies, payments, and the adjusters' desk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

import httpx
from attempts import Limits, NotUsable, attempt
from pydantic import BaseModel, Field

READ = Limits(attempts=3, timeout=2)
PAY = Limits(attempts=3, timeout=4)
REFER = Limits(attempts=3, timeout=3)


class Policy(BaseModel):
    """What the claimant is insured for. The holder and the account are for no model's eyes."""

    number: str
    holder: str
    account: str
    status: Literal["active", "lapsed"]
    covers: list[str]
    excess: Decimal = Field(ge=0)
    limit: Decimal = Field(gt=0)
    currency: str
    notes: str = ""

    @property
    def for_model(self) -> str:
        """What a model may read of it."""
        return self.model_dump_json(exclude={"holder", "account"})


class Payout(BaseModel):
    """Money that was sent."""

    payout: str = Field(min_length=1)
    claim: str
    amount: Decimal
    currency: str


class Payouts(BaseModel):
    """What was sent for a claim."""

    data: list[Payout]


class Referral(BaseModel):
    """A claim that a person has to look at, with all that person needs."""

    claim: str
    policy: str
    session: str
    turn: int
    reason: str
    summary: str
    transcript: list[str]


class Taken(BaseModel):
    """The desk's receipt."""

    id: str = Field(min_length=1)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Backends:
    """The systems over one HTTP client. All methods raise `Unavailable`."""

    http: httpx.AsyncClient
    policies: str
    payments: str
    desk: str

    @classmethod
    def from_env(cls, http: httpx.AsyncClient) -> Backends:
        """The systems at the addresses of this environment."""
        env = os.environ
        return cls(http, env["POLICIES_URL"], env["PAYMENTS_URL"], env["DESK_URL"])

    async def policy(self, number: str) -> Policy:
        """The policy of this number, and of no other."""

        async def get() -> Policy:
            found = _parsed(await self.http.get(f"{self.policies}/policies/{number}"), Policy)
            if found.number != number:
                raise NotUsable(f"asked for {number}, got {found.number}")
            return found

        return await attempt(get, READ)

    async def pay(self, claim: str, policy: Policy, amount: Decimal) -> Payout:
        """Send the money; a claim is paid once, however often this is tried."""
        order = {
            "claim": claim,
            "account": policy.account,
            "amount": str(amount),
            "currency": policy.currency,
        }

        async def post() -> Payout:
            headers = {"Idempotency-Key": f"{claim}/payout"}
            reply = await self.http.post(f"{self.payments}/payouts", json=order, headers=headers)
            return _parsed(reply, Payout)

        return await attempt(post, PAY)

    async def payout(self, claim: str) -> Payout | None:
        """The money that was sent for a claim, if any was."""

        async def get() -> Payout | None:
            reply = await self.http.get(f"{self.payments}/payouts", params={"claim": claim})
            sent = _parsed(reply, Payouts).data
            return sent[0] if sent else None

        return await attempt(get, READ)

    async def refer(self, referral: Referral) -> str:
        """Put the claim on an adjuster's desk, once for each turn; returns its number there."""

        async def post() -> Taken:
            headers = {"Idempotency-Key": f"{referral.claim}/{referral.turn}"}
            url = f"{self.desk}/referrals"
            reply = await self.http.post(url, json=referral.model_dump(), headers=headers)
            return _parsed(reply, Taken)

        return (await attempt(post, REFER)).id


def _parsed(reply: httpx.Response, kind: type[M]) -> M:
    return kind.model_validate_json(reply.raise_for_status().content)
