"""Refunds: asked for once whatever happens, with a token that allows nothing else."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from dataclasses import dataclass, field

import httpx2
from attempts import Limits, attempt
from orders import Order
from pydantic import BaseModel, Field

PAY = Limits(attempts=3, timeout=0.8, budget=2.6, pause=0.1)
WRITE = Limits(attempts=2, timeout=0.8, budget=1.9, pause=0.1)
SCOPE = "refunds:write"
EARLY = 30.0  # seconds before its end at which a token is not used any more
TOLERANCE = 300.0  # seconds that a signature may be old


class Token(BaseModel):
    """An access token; `expires_in` counts from its reply."""

    access_token: str = Field(min_length=1)
    expires_in: float


class Refund(BaseModel):
    """A refund that was taken on."""

    id: str = Field(min_length=1)
    status: str


@dataclass
class Payments:
    """The payment provider, and the order book that its news is written into."""

    http: httpx2.AsyncClient
    url: str
    book: str
    token: tuple[str, float] | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, http: httpx2.AsyncClient) -> Payments:
        """The systems at the addresses of this environment."""
        return cls(http, os.environ["PAYMENTS_URL"], os.environ["BOOK_URL"])

    async def refund(self, order: Order, conversation: str) -> Refund:
        """Refund an order in full, once. Raises `Unavailable`."""
        body = {
            "payment": order.payment,
            "amount": order.amount,
            "metadata": {"order": order.order_id, "conversation": conversation},
        }

        async def post() -> Refund:
            reply = await self._authorized(body, self.key(order))
            return Refund.model_validate_json(reply.raise_for_status().content)

        return await attempt(post, PAY)

    def key(self, order: Order) -> str:
        """The same for every attempt at refunding a payment, today and after a restart."""
        return f"refund/{order.payment}"

    async def _authorized(self, body: dict[str, object], key: str) -> httpx2.Response:
        reply = await self._send(body, key)
        if reply.status_code == httpx2.codes.UNAUTHORIZED:
            self.token = None  # it ended before its time
            reply = await self._send(body, key)
        return reply

    async def _send(self, body: dict[str, object], key: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {await self._bearer()}", "Idempotency-Key": key}
        return await self.http.post(f"{self.url}/refunds", json=body, headers=headers)

    async def _bearer(self) -> str:
        if self.token is None or self.token[1] < time.monotonic():
            reply = await self.http.post(
                f"{self.url}/oauth/token",
                data={"grant_type": "client_credentials", "scope": SCOPE},
                auth=("fernhollow", os.environ["PAYMENTS_SECRET"]),
            )
            made = Token.model_validate_json(reply.raise_for_status().content)
            self.token = made.access_token, time.monotonic() + made.expires_in - EARLY
        return self.token[0]

    async def annotate(self, order: str, status: str, event: str) -> None:
        """Write down what became of an order's refund. Raises `Unavailable`."""

        async def patch() -> None:
            reply = await self.http.patch(
                f"{self.book}/orders/{order}",
                json={"refund_status": status},
                headers={"X-Api-Key": os.environ["BOOK_KEY"], "Idempotency-Key": event},
            )
            reply.raise_for_status()

        await attempt(patch, WRITE)


def signed(body: bytes, header: str, secret: str) -> bool:
    """Whether an event is the provider's, and not an old one sent again by somebody else."""
    parts = dict(each.partition("=")[::2] for each in header.split(","))
    moment, given = parts.get("t", ""), parts.get("v1", "")
    made = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not moment.isdigit() or not hmac.compare_digest(made, given):
        return False
    return abs(time.time() - int(moment)) <= TOLERANCE
