"""The order desk of a garden shop, as a web application.

    POST /chat               a customer's message in, the desk's reply out
    POST /webhooks/cardflow  news of refunds, signed, late, twice and in any order

The model reads orders over MCP and may propose a refund. What moves money is the desk's own code:
the customer's plain yes to what they were asked, one Idempotency-Key for each payment, a token that
allows refunds and nothing else. A refund that nobody confirmed is called that (`hold`).
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from attempts import Unavailable
from desk import Desk, Talk
from model import Model
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from orders import Orders
from payments import Payments, signed
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tracing import HOOKS, Traced


async def chat(request: Request) -> Response:
    """One turn. The customer is who is logged in, and not who the message says."""
    desk: Desk = request.app.state.desk
    asked = await request.json()
    talk = desk.talks.setdefault(
        asked["session"],
        Talk(id=asked["session"], customer=asked["customer"], language=asked["language"]),
    )
    said = await desk.turn(talk, asked["input"])
    context = {"refund": said.refund}
    return JSONResponse({"text": said.text, "answer": said.answer, "context": context})


async def news(request: Request) -> Response:
    """An event of the payment provider. What is not taken is sent again."""
    desk: Desk = request.app.state.desk
    body = await request.body()
    header = request.headers.get("cardflow-signature", "")
    if not signed(body, header, os.environ["WEBHOOK_SECRET"]):
        return JSONResponse({"error": "bad_signature"}, status_code=401)
    try:
        await desk.hear(json.loads(body))
    except Unavailable:
        return JSONResponse({"error": "try_again"}, status_code=503)
    return Response(status_code=204)


def make_app(
    *,
    desk: type[Desk] = Desk,
    model: type[Model] = Model,
    orders: type[Orders] = Orders,
    payments: type[Payments] = Payments,
) -> Starlette:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            httpx2.AsyncClient(timeout=5, event_hooks=HOOKS) as http,
            # `attempt` retries; a retrying SDK beneath it would multiply.
            AsyncOpenAI(
                timeout=4, max_retries=0, http_client=DefaultAsyncHttpxClient(event_hooks=HOOKS)
            ) as client,
        ):
            app.state.desk = desk(
                http, model(client), orders.from_env(http), payments.from_env(http)
            )
            yield

    routes = [
        Route("/chat", chat, methods=["POST"]),
        Route("/webhooks/cardflow", news, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(Traced)])


app = make_app()
