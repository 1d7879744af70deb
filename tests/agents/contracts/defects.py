"""The service of scenarios/contracts with one mistake of orchestration at a time."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/contracts"))

import app
import attempts
import core
import model
import reviewing
from attempts import Limits, Unavailable

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


def replacing(owner: Any, name: str, by: Any) -> Asgi:
    """The sound service with one thing replaced for as long as it runs."""

    async def made(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            with patch.object(owner, name, by):
                await app.app(scope, receive, send)
        else:
            await app.app(scope, receive, send)

    return made


sound = app.app


# -- load


class Unlimited:
    """A limit that is none."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *failed: object) -> None:
        return None


def _no_places(http: Any, url: str) -> core.Core:
    return _core(http, url, Unlimited())  # type: ignore[arg-type]


_core = core.Core


async def _all_at_once(self: reviewing.Reviewer, contract: core.Contract) -> list[reviewing.Read]:
    with patch.object(reviewing, "SIDE_BY_SIDE", 1000):
        return await _read_all(self, contract)


_read_all = reviewing.Reviewer.read_all


async def _without_limits(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        with (
            patch.object(app, "Core", _no_places),
            patch.object(reviewing.Reviewer, "read_all", _all_at_once),
            patch.object(app, "WORKERS", 100),
        ):
            await app.app(scope, receive, send)
    else:
        await app.app(scope, receive, send)


reads_without_a_limit = _without_limits


async def _parse_on_the_loop(self: core.Core, document: str, number: int) -> core.Chunk:
    found = await _chunk(self, document, number)
    time.sleep(0.3)  # noqa: ASYNC251
    return found


_chunk = core.Core.chunk
parses_on_the_loop = replacing(core.Core, "chunk", _parse_on_the_loop)


# -- parts


async def _or_nothing(
    self: reviewing.Reviewer, contract: core.Contract, number: int
) -> reviewing.Read:
    found = await _read(self, contract, number)
    return reviewing.Read(number, found.risks)


_read = reviewing.Reviewer.read
takes_unread_pages_for_harmless = replacing(reviewing.Reviewer, "read", _or_nothing)


async def _any_chunk(self: core.Core, document: str, number: int) -> core.Chunk:
    async def get() -> core.Chunk:
        reply = await self.http.get(f"{self.url}/documents/{document}/chunks/{number}")
        return core.Chunk.model_validate_json(reply.raise_for_status().content)

    async with self.reading:
        return await attempts.attempt(get, core.READ)


takes_any_chunk = replacing(core.Core, "chunk", _any_chunk)
obeys_clauses = replacing(reviewing, "gives_orders", lambda text: False)


async def _anybodys(self: core.Core, document: str) -> core.Contract:
    return (await _contract(self, document)).model_copy(update={"owner": _Anybody()})


class _Anybody(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


_contract = core.Core.contract
reviews_anybodys_contract = replacing(core.Core, "contract", _anybodys)


# -- effects


async def _keep_anew(self: core.Core, job: str, report: dict[str, Any]) -> None:
    async def put() -> None:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        url = f"{self.url}/reports"
        (await self.http.post(url, json=report, headers=headers)).raise_for_status()

    await attempts.attempt(put, core.WRITE)


files_with_new_keys = replacing(core.Core, "keep", _keep_anew)


async def _file_nothing(self: core.Core, job: str, report: dict[str, Any]) -> None:
    return None


files_no_report = replacing(core.Core, "keep", _file_nothing)


async def _pay_anew(self: core.Core, invoice: str, amount: str) -> core.Paid:
    async def post() -> core.Paid:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        order = {"invoice": invoice, "amount": amount}
        reply = await self.http.post(f"{self.url}/payments", json=order, headers=headers)
        return core.Paid.model_validate_json(reply.raise_for_status().content)

    return await attempts.attempt(post, core.PAY)


pays_with_new_keys = replacing(core.Core, "pay", _pay_anew)


async def _pay_or_say_so(self: core.Core, invoice: str, amount: str) -> core.Paid:
    try:
        return await _pay(self, invoice, amount)
    except Unavailable:
        return core.Paid(receipt="pending")


_pay = core.Core.pay
says_paid_when_it_is_not = replacing(core.Core, "pay", _pay_or_say_so)


def _new_job(self: app.Desk, key: str, order: app.Order) -> app.Job:
    return _take(self, str(uuid.uuid4()), order)


_take = app.Desk.take
makes_a_new_job_each_time = replacing(app.Desk, "take", _new_job)


# -- time and attempts


async def _at_leisure(call: Callable[[], Awaitable[Any]], limits: Limits) -> Any:
    return await _attempt(call, Limits(limits.attempts, 3600))


_attempt = attempts.attempt
waits_for_the_model_for_ever = replacing(model, "attempt", _at_leisure)


async def _six_times(call: Callable[[], Awaitable[Any]], limits: Limits) -> Any:
    return await _attempt(call, Limits(6, limits.timeout))


reads_six_times = replacing(core, "attempt", _six_times)


async def _once(call: Callable[[], Awaitable[Any]], limits: Limits) -> Any:
    return await _attempt(call, Limits(1, limits.timeout))


never_reads_again = replacing(core, "attempt", _once)
ignores_retry_after = replacing(attempts, "retry_after", lambda headers: None)
retries_without_a_pause = replacing(attempts, "backoff", lambda number: 0.0)


async def _only_good_news(self: reviewing.Reviewer, job: reviewing.Job) -> None:
    if job.result is not None and job.result.answer != "hold":
        await _call_back(self, job)


_call_back = reviewing.Reviewer.call_back
calls_back_with_good_news_only = replacing(reviewing.Reviewer, "call_back", _only_good_news)


# -- what is told

_SEEN: list[str] = []


def _with_the_last(contract: core.Contract, found: list[reviewing.Read]) -> reviewing.Result:
    result = _reported(contract, found)
    _SEEN.append(contract.id)
    text = f"{result.text} Compared with {', '.join(_SEEN[-2:])}."
    return result.model_copy(update={"text": text})


_reported = reviewing.reported
compares_with_other_clients = replacing(reviewing, "reported", _with_the_last)


# -- places


@asynccontextmanager
async def _many_readers() -> AsyncIterator[None]:
    with (
        patch.object(app, "Core", lambda http, url: _core(http, url, asyncio.Semaphore(100))),
        patch.object(app, "WORKERS", 100),
    ):
        yield


async def has_more_readers_than_the_core(scope: Any, receive: Any, send: Any) -> None:
    """Its limits were set for a core system of another size."""
    if scope["type"] == "lifespan":
        async with _many_readers():
            await app.app(scope, receive, send)
    else:
        await app.app(scope, receive, send)


async def _pay_in_line(self: core.Core, invoice: str, amount: str) -> core.Paid:
    async with self.reading:
        return await _pay(self, invoice, amount)


pays_behind_reviews = replacing(core.Core, "pay", _pay_in_line)


# -- order


async def _as_they_come(self: reviewing.Reviewer, contract: core.Contract) -> list[reviewing.Read]:
    numbers = reviewing.chunks_of(contract)
    reading = [asyncio.create_task(self.read(contract, number)) for number in numbers]
    done = [await each for each in asyncio.as_completed(reading)]
    return [replace(each, number=number) for number, each in zip(numbers, done, strict=True)]


numbers_pages_as_they_come = replacing(reviewing.Reviewer, "read_all", _as_they_come)


# -- keys


_BORN = uuid.uuid4()
"""Drawn when the process begins."""


async def _keep_by_process(self: core.Core, job: str, report: dict[str, Any]) -> None:
    async def put() -> None:
        headers = {"Idempotency-Key": f"{_BORN}/{job}"}
        url = f"{self.url}/reports"
        (await self.http.post(url, json=report, headers=headers)).raise_for_status()

    await attempts.attempt(put, core.WRITE)


files_with_keys_of_this_process = replacing(core.Core, "keep", _keep_by_process)


# -- half of a reply


async def _or_no_risks(self: model.Model, chunk: core.Chunk) -> model.Risks:
    with patch.object(model, "ASK", Limits(1, model.ASK.timeout)):
        try:
            return await _risks(self, chunk)
        except Unavailable as error:
            if isinstance(error.__cause__, attempts.NotUsable):
                return model.Risks(risks=[])
            raise


_risks = model.Model.risks
takes_half_a_reply_for_no_risks = replacing(model.Model, "risks", _or_no_risks)
