"""A support agent with three classic mistakes, each of which can be had alone.

- `no_timeout`: waits for ever, so one service that takes a request and never answers stops it;
- `write_without_key`: tries a hand-over again with nothing that lets the queue know it, so that
  one whose reply was lost is made twice;
- `swallows_errors`: goes on without what it could not read, and answers as if all were well.

`three_mistakes` makes all of them, `no_mistake` none: that one shows that the scenarios are fair.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from evalkit import Reply, Turn

CLASSIFYING = "Classify the last message. Reply in JSON: category, language."
ANSWERING = "You answer customers of Norlight. Reply in JSON: text, confidence.\nFacts: "


@dataclass(frozen=True)
class Habits:
    """What one of these agents does right. `timeout` is in seconds for a call."""

    timeout: float | None = 5.0
    sends_key: bool = True
    says_what_is_missing: bool = True


@dataclass
class Desk:
    """One agent: what it knows of each conversation, and how it makes its replies."""

    http: httpx.AsyncClient
    model: AsyncOpenAI
    habits: Habits
    talks: dict[str, list[ChatCompletionMessageParam]] = field(default_factory=dict)

    async def reply(self, turn: Turn) -> Reply:
        """Classify, read, answer, hand over."""
        talk = self.talks.setdefault(turn.session.id, [])
        talk.append({"role": "user", "content": turn.input})
        category = (await self.ask(CLASSIFYING, talk))["category"]
        customer_id = turn.session.vars["customer_id"]
        customer, profile = await asyncio.gather(
            self.read(f"{os.environ['CRM_URL']}/customers/{customer_id}"),
            self.read(f"{os.environ['PROFILE_URL']}/profiles/{customer_id}"),
        )
        draft = await self.ask(f"{ANSWERING}{customer}, {profile}", talk)
        if draft["confidence"] < 0.6:
            return await self.hand_over(turn, category)
        talk.append({"role": "assistant", "content": draft["text"]})
        if self.habits.says_what_is_missing and not (customer and profile):
            text = f"{draft['text']} I could not see all of your data."
            return Reply(text, answer="degraded", confidence=draft["confidence"])
        return Reply(draft["text"], answer="answered", confidence=draft["confidence"])

    async def ask(self, system: str, talk: list[ChatCompletionMessageParam]) -> dict[str, Any]:
        """What the model says, as JSON. The SDK's two retries are all there are."""
        completion = await self.model.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "system", "content": system}, *talk]
        )
        found: dict[str, Any] = json.loads(completion.choices[0].message.content or "")
        return found

    async def read(self, url: str) -> dict[str, Any] | None:
        """A record, or None."""
        try:
            reply = await self.http.get(url)
            found: dict[str, Any] = reply.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return None
        return found

    async def hand_over(self, turn: Turn, category: str) -> Reply:
        """Give the turn to a colleague, in two attempts."""
        for _ in range(2):
            try:
                ticket = await self.post(turn, category)
            except httpx.HTTPError:
                await asyncio.sleep(1)
            else:
                return Reply(f"A colleague takes over: {ticket}.", answer="escalated")
        return Reply("I could not reach a colleague. Please write again later.", answer="hold")

    async def post(self, turn: Turn, category: str) -> str:
        """One attempt at a hand-over; returns the ticket."""
        key = f"{turn.session.id}/{turn.number}"
        reply = await self.http.post(
            f"{os.environ['QUEUE_URL']}/escalations",
            json={
                "session": turn.session.id,
                "turn": turn.number,
                "customer": turn.session.vars["customer_id"],
                "category": category,
            },
            headers={"Idempotency-Key": key} if self.habits.sends_key else {},
        )
        return str(reply.raise_for_status().json()["ticket"])


@asynccontextmanager
async def _desk(habits: Habits) -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    async with (
        httpx.AsyncClient(timeout=habits.timeout) as http,
        AsyncOpenAI(timeout=habits.timeout) as model,
    ):
        yield Desk(http, model, habits).reply


@asynccontextmanager
async def no_mistake() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    async with _desk(Habits()) as reply:
        yield reply


@asynccontextmanager
async def no_timeout() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    async with _desk(Habits(timeout=None)) as reply:
        yield reply


@asynccontextmanager
async def write_without_key() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    async with _desk(Habits(sends_key=False)) as reply:
        yield reply


@asynccontextmanager
async def swallows_errors() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    async with _desk(Habits(says_what_is_missing=False)) as reply:
        yield reply


@asynccontextmanager
async def three_mistakes() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    habits = Habits(timeout=None, sends_key=False, says_what_is_missing=False)
    async with _desk(habits) as reply:
        yield reply
