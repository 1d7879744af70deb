"""A service that reviews contracts, on FastAPI: 202 and a job at once, a call back when it is done.

    POST /reviews ──> 202, job ──> queue ──> workers ──> chunks side by side ──> report ──> callback
    POST /payments ─> 200

Contracts have 4 to 400 pages and take from 3 seconds to 4 minutes. However many are under way, the
core system is read from a few places only, so that payments, which it takes as well, do not wait.
Jobs live in the process: a client that hears nothing asks again with the same Idempotency-Key, or
at GET /reviews/{job}.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from attempts import Unavailable
from core import Core
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from model import Model
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pydantic import BaseModel
from reviewing import Job, Reviewer
from tracing import HOOKS, Traced

WORKERS = 12
WAITING = 200  # jobs; more are refused for now


class Order(BaseModel):
    """A review that a client wants."""

    document: str
    user: str
    callback_url: str


class Invoice(BaseModel):
    """An invoice that a client pays."""

    invoice: str
    amount: str


@dataclass
class Desk:
    """The jobs, and the workers that take them."""

    reviewer: Reviewer
    jobs: dict[str, Job] = field(default_factory=dict)
    queue: asyncio.Queue[Job] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def take(self, key: str, order: Order) -> Job:
        """The job of a key: a new one, or the one that there is. Raises `QueueFull`."""
        id_ = f"J-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        if id_ not in self.jobs:
            job = Job(id_, **order.model_dump())
            self.queue.put_nowait(job)
            self.jobs[id_] = job
        return self.jobs[id_]

    async def work(self) -> None:
        """One worker: a job at a time, in the context of the request that asked for it."""
        while True:
            job = await self.queue.get()
            task = asyncio.get_running_loop().create_task(
                self.reviewer.run(job), context=job.context
            )
            try:
                await task
            finally:
                task.cancel()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Clients and workers, for as long as the service runs."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    async with (
        httpx.AsyncClient(timeout=10, limits=limits, event_hooks=HOOKS) as http,
        AsyncOpenAI(
            max_retries=0, http_client=DefaultAsyncHttpxClient(event_hooks=HOOKS)
        ) as client,
    ):
        core = Core(http, os.environ["CORE_URL"])
        app.state.core = core
        app.state.desk = desk = Desk(Reviewer(core, Model(client), http))
        workers = [asyncio.create_task(desk.work()) for _ in range(WORKERS)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


app = FastAPI(lifespan=lifespan)
app.add_middleware(Traced)


@app.post("/reviews")
async def review(
    order: Order, request: Request, idempotency_key: Annotated[str, Header()]
) -> JSONResponse:
    """Take a review; its result is called back."""
    try:
        job = request.app.state.desk.take(idempotency_key, order)
    except asyncio.QueueFull:
        raise HTTPException(503, "too many reviews", headers={"Retry-After": "30"}) from None
    place = {"Location": f"/reviews/{job.id}"}
    return JSONResponse({"job": job.id, "status": "queued"}, status_code=202, headers=place)


@app.get("/reviews/{job}")
async def state(job: str, request: Request) -> dict[str, Any]:
    """How far a review is."""
    found = request.app.state.desk.jobs.get(job)
    if found is None:
        raise HTTPException(404, "no such job")
    if found.result is None:
        return {"job": job, "status": "running"}
    return {"job": job, "status": "done", **found.result.model_dump(mode="json")}


@app.post("/payments")
async def pay(invoice: Invoice, request: Request) -> dict[str, Any]:
    """Pay an invoice, and say so only if that is known."""
    try:
        paid = await request.app.state.core.pay(invoice.invoice, invoice.amount)
    except Unavailable:
        text = f"Invoice {invoice.invoice}: we cannot confirm that it was paid. Please ask again."
        return {"text": text, "answer": "hold"}
    text = f"Invoice {invoice.invoice} was paid (receipt {paid.receipt})."
    return {"text": text, "answer": "answered"}
