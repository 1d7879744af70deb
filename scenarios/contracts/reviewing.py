"""The review of a contract: chunks side by side, one report, and a call back."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import httpx
from attempts import Limits, Unavailable, attempt
from core import Contract, Core, Unknown
from model import Model, gives_orders
from pydantic import BaseModel

PAGES = 10  # of a chunk
SIDE_BY_SIDE = 6  # chunks of one review at once
OVERALL = 240.0  # seconds for a review
CALL_BACK = Limits(attempts=4, timeout=5)

Answer: TypeAlias = Literal["answered", "partial", "hold", "refused"]


class Result(BaseModel):
    """What the client is told."""

    text: str
    answer: Answer
    context: dict[str, Any] = {}


@dataclass
class Job:
    """A review that was asked for. `context` is that of the request, so that traces go on."""

    id: str
    document: str
    user: str
    callback_url: str
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    result: Result | None = None


@dataclass(frozen=True)
class Read:
    """What came of a chunk: its risks, or why there is nothing."""

    number: int
    risks: list[str]
    trouble: str | None = None


@dataclass(frozen=True)
class Reviewer:
    """Reviews contracts and calls back."""

    core: Core
    model: Model
    http: httpx.AsyncClient

    async def run(self, job: Job) -> None:
        """Review, and tell the client, whatever comes of it."""
        try:
            async with asyncio.timeout(OVERALL):
                job.result = await self.review(job)
        except TimeoutError:
            job.result = self.held(job, "it took too long")
        except Exception as error:  # a client is told of a bug too, and not left waiting
            job.result = self.held(job, f"of an error of ours ({type(error).__name__})")
        await self.call_back(job)

    async def review(self, job: Job) -> Result:
        """The result of a review."""
        try:
            contract = await self.core.contract(job.document)
        except Unknown:
            return Result(text=f"There is no contract {job.document}.", answer="refused")
        except Unavailable:
            return self.held(job, "it cannot be read")
        if contract.owner != job.user or contract.id != job.document:
            return Result(text=f"There is no contract {job.document}.", answer="refused")
        found = await self.read_all(contract)
        if all(each.trouble for each in found):
            return self.held(job, "none of its pages could be reviewed")
        result = reported(contract, found)
        try:
            await self.core.keep(job.id, {"job": job.id, **result.model_dump(mode="json")})
        except Unavailable:
            return self.held(job, "its report could not be put on file")
        return result

    async def read_all(self, contract: Contract) -> list[Read]:
        """What came of every chunk, in order; a few at a time."""
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(number: int) -> Read:
            async with places:
                return await self.read(contract, number)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(number)) for number in chunks_of(contract)]
        return [task.result() for task in tasks]

    async def read(self, contract: Contract, number: int) -> Read:
        """What came of one chunk."""
        try:
            chunk = await self.core.chunk(contract.id, number)
            if gives_orders(chunk.text):
                return Read(number, [], "holds instructions to its reviewer")
            return Read(number, (await self.model.risks(chunk)).risks)
        except Unavailable:
            return Read(number, [], "could not be reviewed")

    def held(self, job: Job, why: str) -> Result:
        """Nothing to report."""
        text = f"Contract {job.document} was not reviewed, because {why}. Nothing is known of it."
        return Result(text=text, answer="hold", context={"job": job.id})

    async def call_back(self, job: Job) -> None:
        """Tell the client; who cannot be told can still ask."""
        assert job.result is not None
        told = {"job": job.id, **job.result.model_dump(mode="json")}

        async def post() -> None:
            headers = {"Idempotency-Key": job.id}
            (await self.http.post(job.callback_url, json=told, headers=headers)).raise_for_status()

        try:
            await attempt(post, CALL_BACK)
        except Unavailable:
            return


def chunks_of(contract: Contract) -> range:
    """The numbers of a contract's chunks."""
    return range(1, -(-contract.pages // PAGES) + 1)


def pages_of(contract: Contract, number: int) -> str:
    """The pages of a chunk, in words."""
    first, last = (number - 1) * PAGES + 1, min(number * PAGES, contract.pages)
    return f"page {first}" if first == last else f"pages {first} to {last}"


def reported(contract: Contract, found: list[Read]) -> Result:
    """The report, which says what it does not cover."""
    risks = [f"{risk} ({pages_of(contract, each.number)})" for each in found for risk in each.risks]
    gaps = [f"{pages_of(contract, each.number)} {each.trouble}" for each in found if each.trouble]
    says = f"Risks: {'; '.join(risks)}." if risks else "No risks were found in what was reviewed."
    missing = f" Not covered: {'; '.join(gaps)}. Have a lawyer read these." if gaps else ""
    return Result(
        text=f"Contract {contract.id}, {contract.pages} pages. {says}{missing}",
        answer="partial" if gaps else "answered",
        context={"pages": contract.pages, "reviewed": sum(not each.trouble for each in found)},
    )
