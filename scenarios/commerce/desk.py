"""One turn of a customer: what the model may look up, and what the desk does itself."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import httpx2
from attempts import Limits, Unavailable, attempt
from model import Model, Overstepped
from orders import NoSuchOrder, Order, Orders
from payments import Payments
from phrases import euros, phrase, says_no, says_yes

OVERALL = 8.0  # seconds for a turn
LIMIT = 20_000  # cents; a colleague decides on more
QUEUE = Limits(attempts=3, timeout=0.8, budget=2.6, pause=0.1)
LONGEST = 6000  # characters of a message that the model is shown
REFUNDABLE = ("delivered", "cancelled", "returned")

Answer: TypeAlias = Literal["answered", "hold", "escalated", "refused"]


@dataclass(slots=True, kw_only=True)
class Talk:
    """A conversation. A proposal is what the customer was asked and has not answered yet."""

    id: str
    customer: str
    language: str
    turn: int = 0
    items: list[Any] = field(default_factory=list)
    proposed: Order | None = None
    sent: set[str] = field(default_factory=set)
    ticket: str | None = None
    confirmed: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the customer is told."""

    text: str
    answer: Answer = "answered"
    refund: str | None = None


@dataclass
class Desk:
    """The desk: takes turns, and the provider's news of refunds."""

    http: httpx2.AsyncClient
    model: Model
    orders: Orders
    payments: Payments
    talks: dict[str, Talk] = field(default_factory=dict)
    news: dict[str, tuple[int, str]] = field(default_factory=dict)  # by order: sequence, status
    seen: set[str] = field(default_factory=set)  # ids of events

    async def turn(self, talk: Talk, message: str) -> Said:
        """The reply to a message; `hold` where it cannot be had in time."""
        talk.turn += 1
        try:
            async with asyncio.timeout(OVERALL):
                said = await self._turn(talk, message)
        except (TimeoutError, Unavailable):
            said = Said(phrase(talk.language, "hold"), "hold")
        except Overstepped:
            said = Said(phrase(talk.language, "refused"), "refused")
        return said

    async def _turn(self, talk: Talk, message: str) -> Said:
        if not message.strip():
            return Said(phrase(talk.language, "empty"))
        if talk.proposed is not None and says_yes(message):
            return await self._refund(talk, talk.proposed)
        if talk.proposed is not None and says_no(message) and not talk.sent:
            talk.proposed = None
            return Said(phrase(talk.language, "withdrawn"))
        return await self._ask(talk, message)

    async def _ask(self, talk: Talk, message: str) -> Said:
        """Let the model answer, with tools that read and one that proposes."""
        before, talk.ticket = talk.proposed, None
        items = [*talk.items, {"role": "user", "content": message[:LONGEST]}]
        tools = {
            "get_order": lambda order: self._look(talk, order),
            "propose_refund": lambda order: self._propose(talk, order),
            "refund_status": lambda order: self._status(talk, order),
        }
        try:
            text, talk.items = await self.model.answer(items, tools)
        except (Unavailable, Overstepped, TimeoutError):
            talk.proposed = before  # the customer was never asked
            raise
        if talk.ticket is not None:
            return Said(phrase(talk.language, "escalated", ticket=talk.ticket), "escalated")
        return Said(text)

    async def _look(self, talk: Talk, order_id: str) -> dict[str, Any]:
        try:
            order = await self.orders.get(order_id, talk.customer)
        except NoSuchOrder:
            return {"error": "this customer has no such order"}
        return {
            **order.model_dump(include={"order_id", "item", "status"}),
            "price": euros(order.amount),
        }

    async def _propose(self, talk: Talk, order_id: str) -> dict[str, Any]:
        try:
            order = await self.orders.get(order_id, talk.customer)
        except NoSuchOrder:
            return {"error": "this customer has no such order"}
        if order.status not in REFUNDABLE:
            return {"error": f"it is {order.status}, and is refunded once it is back"}
        if order.amount > LIMIT:
            talk.ticket = await self._escalate(talk, order)
            return {"escalated": talk.ticket}
        talk.proposed = order
        return {"proposed": order_id, "amount": euros(order.amount)}

    async def _status(self, talk: Talk, order_id: str) -> dict[str, Any]:
        await self.orders.get(order_id, talk.customer)
        return {"order_id": order_id, "refund": self.news.get(order_id, (0, "none"))[1]}

    async def _refund(self, talk: Talk, order: Order) -> Said:
        """Refund what the customer said yes to. The proposal stands until it is confirmed."""
        talk.sent.add(order.order_id)
        try:
            refund = await self.payments.refund(order, talk.id)
        except Unavailable:
            return Said(phrase(talk.language, "unconfirmed"), "hold")
        talk.proposed, talk.sent, talk.confirmed = None, set(), refund.id
        amount = euros(order.amount)
        text = phrase(talk.language, "refunded", amount=amount, refund=refund.id)
        talk.items = [*talk.items, {"role": "assistant", "content": text}]
        return Said(text, refund=refund.id)

    async def _escalate(self, talk: Talk, order: Order) -> str:
        body = {
            "session": talk.id,
            "turn": talk.turn,
            "customer": talk.customer,
            "category": "refund",
            "order": order.order_id,
            "amount": order.amount,
        }

        async def post() -> str:
            reply = await self.http.post(
                f"{os.environ['QUEUE_URL']}/escalations",
                json=body,
                headers={"Idempotency-Key": f"{talk.id}/{order.order_id}"},
            )
            return str(reply.raise_for_status().json()["ticket"])

        return await attempt(post, QUEUE)

    async def hear(self, event: dict[str, Any]) -> None:
        """Take news of a refund: each once, and never older news over newer.

        Raises `Unavailable` where it cannot be written down; it is then sent again.
        """
        order, sequence = event["metadata"]["order"], event["sequence"]
        if event["id"] in self.seen or sequence <= self.news.get(order, (0, ""))[0]:
            return
        before = self.news.get(order)
        self.news[order] = sequence, event["status"]
        try:
            await self.payments.annotate(order, event["status"], event["id"])
        except Unavailable:
            if before is None:
                del self.news[order]
            else:
                self.news[order] = before
            raise
        self.seen.add(event["id"])
