"""The order desk of scenarios/commerce with one mistake at a time.

Each name is an application; `defects.yaml` says where its mistake shows, and to which check. What
is changed in a module is changed in the process of one run only.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/commerce"))

import app as shop
import attempts
import desk
import httpx2
import model
import orders
import payments
from attempts import Limits, Unavailable
from desk import Desk, Said, Talk
from orders import Order, Orders
from payments import Payments, Refund
from phrases import euros, phrase
from starlette.types import ASGIApp, Receive, Scope, Send


def lazily(make: Callable[[], ASGIApp]) -> ASGIApp:
    """An application that is made, with its mistake, when it is first called."""
    made: list[ASGIApp] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(make())
        await made[0](scope, receive, send)

    return application


class _NewKey(Payments):
    async def _send(self, body: dict[str, object], key: str) -> httpx2.Response:
        return await super()._send(body, f"{key}/{uuid.uuid4()}")


@lazily
def charges_back_twice() -> ASGIApp:
    return shop.make_app(payments=_NewKey)


class _KeyByTurn(Desk):
    async def _refund(self, talk: Talk, order: Order) -> Said:
        turn = talk.turn
        self.payments.key = lambda made: f"refund/{made.payment}/{turn}"  # type: ignore[method-assign]
        return await super()._refund(talk, order)


@lazily
def keys_of_this_turn() -> ASGIApp:
    return shop.make_app(desk=_KeyByTurn)


class _Optimist(Desk):
    async def _refund(self, talk: Talk, order: Order) -> Said:
        said = await super()._refund(talk, order)
        if said.answer != "hold":
            return said
        refund = f"re_{uuid.uuid5(uuid.NAMESPACE_OID, order.payment).hex[:10]}"
        amount = euros(order.amount)
        return Said(phrase(talk.language, "refunded", amount=amount, refund=refund))


@lazily
def says_refunded_when_it_is_not() -> ASGIApp:
    return shop.make_app(desk=_Optimist)


class _Hasty(Desk):
    async def _propose(self, talk: Talk, order_id: str) -> dict[str, Any]:
        told = await super()._propose(talk, order_id)
        if talk.proposed is not None:
            await self.payments.refund(talk.proposed, talk.id)
            talk.proposed = None
        return told


@lazily
def refunds_without_a_yes() -> ASGIApp:
    return shop.make_app(desk=_Hasty)


@lazily
def asks_for_every_scope() -> ASGIApp:
    payments.SCOPE = "payments:read payments:write refunds:write payouts:write"
    return shop.make_app()


class _AnyTool(Orders):
    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        transport = orders.streamable_http_client(self.url, http_client=self.http)
        async with orders.Client(transport, mode=orders.REVISION) as client:
            result = await client.call_tool(tool, arguments)
        return dict(result.structured_content or {})


class _AnyToolModel(model.Model):
    async def _run(self, call: Any, tools: Any) -> dict[str, Any]:
        if call.name in tools:
            return await super()._run(call, tools)
        desk = tools["get_order"].__closure__[0].cell_contents
        arguments = model.json.loads(call.arguments)
        made: dict[str, Any] = await desk.orders.call(call.name, arguments)
        return made


@lazily
def uses_whatever_tool_there_is() -> ASGIApp:
    return shop.make_app(orders=_AnyTool, model=_AnyToolModel)


class _Noted(Order):
    note: str = ""


class _Shows(Desk):
    async def _look(self, talk: Talk, order_id: str) -> dict[str, Any]:
        told = await super()._look(talk, order_id)
        order = await self.orders.get(order_id, talk.customer)
        return {**told, "note": getattr(order, "note", "")}


@lazily
def shows_notes_to_the_model() -> ASGIApp:
    orders.Order = _Noted  # type: ignore[misc]
    return shop.make_app(desk=_Shows)


class _TakesAll(Desk):
    async def hear(self, event: dict[str, Any]) -> None:
        order = event["metadata"]["order"]
        self.news[order] = event["sequence"], event["status"]
        await self.payments.annotate(order, event["status"], f"{event['id']}/{time.time_ns()}")


@lazily
def takes_every_event() -> ASGIApp:
    return shop.make_app(desk=_TakesAll)


class _LastWins(Desk):
    async def hear(self, event: dict[str, Any]) -> None:
        self.news.pop(event["metadata"]["order"], None)
        await super().hear(event)


@lazily
def lets_old_news_win() -> ASGIApp:
    return shop.make_app(desk=_LastWins)


@lazily
def believes_every_event() -> ASGIApp:
    shop.signed = lambda body, header, secret: True
    return shop.make_app()


class _Drops(Desk):
    async def hear(self, event: dict[str, Any]) -> None:
        try:
            await super().hear(event)
        except Unavailable:
            return


@lazily
def drops_news_it_cannot_write() -> ASGIApp:
    return shop.make_app(desk=_Drops)


class _AnswersFirst(_Drops):
    async def hear(self, event: dict[str, Any]) -> None:
        self.writing = asyncio.create_task(super().hear(event))


@lazily
def acknowledges_at_once() -> ASGIApp:
    return shop.make_app(desk=_AnswersFirst)


@lazily
def ignores_retry_after() -> ASGIApp:
    attempts.retry_after = lambda headers: None
    return shop.make_app()


@lazily
def retries_refusals() -> ASGIApp:
    attempts.WORTH_RETRYING = attempts.WORTH_RETRYING | {403}
    return shop.make_app()


@lazily
def retries_at_once() -> ASGIApp:
    payments.PAY = dataclasses.replace(payments.PAY, pause=0.0)
    return shop.make_app()


@lazily
def waits_without_limit() -> ASGIApp:
    orders.READ = Limits(attempts=1, timeout=300, budget=300, pause=0)
    desk.OVERALL = 300
    return shop.make_app()


class _Stale(Payments):
    async def _authorized(self, body: dict[str, object], key: str) -> httpx2.Response:
        return await self._send(body, key)


@lazily
def keeps_a_dead_token() -> ASGIApp:
    return shop.make_app(payments=_Stale)


class _TwoCases(Desk):
    async def _escalate(self, talk: Talk, order: Order) -> str:
        first = await super()._escalate(talk, order)
        talk.turn += 1
        talk.id = f"{talk.id}-"
        await super()._escalate(talk, order)
        return first


@lazily
def escalates_twice() -> ASGIApp:
    return shop.make_app(desk=_TwoCases)


class _WrongPayment(Payments):
    async def refund(self, order: Order, conversation: str) -> Refund:
        payment = order.payment.removeprefix("pay_")
        return await super().refund(order.model_copy(update={"payment": payment}), conversation)


@lazily
def shortens_the_payment() -> ASGIApp:
    return shop.make_app(payments=_WrongPayment)


class _Forever(Payments):
    async def refund(self, order: Order, conversation: str) -> Refund:
        while True:
            try:
                return await super().refund(order, conversation)
            except Unavailable:
                await asyncio.sleep(0.3)


@lazily
def never_gives_up() -> ASGIApp:
    return shop.make_app(payments=_Forever)


class _Mumbles(Desk):
    async def _refund(self, talk: Talk, order: Order) -> Said:
        said = await super()._refund(talk, order)
        return Said("Thank you for your patience.") if said.answer == "hold" else said


@lazily
def lets_a_refund_fall_under_the_table() -> ASGIApp:
    return shop.make_app(desk=_Mumbles)


@lazily
def believes_no_event() -> ASGIApp:
    shop.signed = lambda body, header, secret: False
    return shop.make_app()


class _Chokes(Desk):
    async def hear(self, event: dict[str, Any]) -> None:
        if event["status"] not in ("created", "pending"):
            raise ValueError(f"what is {event['status']}?")
        await super().hear(event)


@lazily
def knows_no_status_but_pending() -> ASGIApp:
    return shop.make_app(desk=_Chokes)


class _WritesFirst(Desk):
    async def hear(self, event: dict[str, Any]) -> None:
        order, sequence = event["metadata"]["order"], event["sequence"]
        if event["id"] in self.seen:
            return
        await self.payments.annotate(order, event["status"], event["id"])
        self.seen.add(event["id"])
        if sequence > self.news.get(order, (0, ""))[0]:
            self.news[order] = sequence, event["status"]


@lazily
def writes_before_it_looks() -> ASGIApp:
    return shop.make_app(desk=_WritesFirst)


class _TakesHalves(model.Model):
    async def _ask(self, items: list[Any]) -> Any:
        response = await super()._ask(items)
        response.status = "completed"
        return response


@lazily
def takes_half_a_reply() -> ASGIApp:
    return shop.make_app(model=_TakesHalves)


@lazily
def reads_orders_once() -> ASGIApp:
    orders.READ = dataclasses.replace(orders.READ, attempts=1)
    return shop.make_app()


class _AsksWhatYesMeans(Desk):
    async def _refund(self, talk: Talk, order: Order) -> Said:
        await self.model.answer([*talk.items, {"role": "user", "content": "Is this a yes?"}], {})
        return await super()._refund(talk, order)


@lazily
def asks_the_model_what_yes_means() -> ASGIApp:
    return shop.make_app(desk=_AsksWhatYesMeans)


class _Anew:
    """A client whose every request has a key of its own."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def post(self, url: str, json: Any, headers: dict[str, str]) -> httpx2.Response:
        return await self.http.post(url, json=json, headers={"Idempotency-Key": str(uuid.uuid4())})


class _KeysForCases(Desk):
    async def _escalate(self, talk: Talk, order: Order) -> str:
        plain, self.http = self.http, _Anew(self.http)  # type: ignore[assignment]
        try:
            return await super()._escalate(talk, order)
        finally:
            self.http = plain


@lazily
def escalates_with_new_keys() -> ASGIApp:
    return shop.make_app(desk=_KeysForCases)
