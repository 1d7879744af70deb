"""The shipped order desk with a mistake."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

from shipped import modules_of

modules_of("commerce")

from app import make_app  # noqa: E402
from attempts import Unavailable, attempt  # noqa: E402
from desk import Desk  # noqa: E402
from orders import Order  # noqa: E402
from payments import PAY, Payments, Refund  # noqa: E402


class KeyForEachYes(Payments):
    """The Idempotency-Key is made when the refund is sent: another yes has another key."""

    async def refund(self, order: Order, conversation: str) -> Refund:
        key = str(uuid4())
        body = {
            "payment": order.payment,
            "amount": order.amount,
            "metadata": {"order": order.order_id, "conversation": conversation},
        }

        async def post() -> Refund:
            reply = await self._authorized(body, key)
            return Refund.model_validate_json(reply.raise_for_status().content)

        return await attempt(post, PAY)


class SaysYesFirst(Desk):
    """An event is acknowledged at once and written down in the background."""

    async def hear(self, event: dict[str, Any]) -> None:
        self.background = getattr(self, "background", set())
        task = asyncio.create_task(self.taken(event))
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def taken(self, event: dict[str, Any]) -> None:
        with suppress(Unavailable):
            await super().hear(event)


key_for_each_yes = make_app(payments=KeyForEachYes)
acknowledged_too_soon = make_app(desk=SaysYesFirst)
