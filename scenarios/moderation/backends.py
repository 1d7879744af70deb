"""The forum's own systems: its posts, the queue of its moderators, the log of decisions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
from attempts import Stage, attempt, retry_after
from pydantic import BaseModel, Field

READ = Stage(attempts=3, each=1, within=3, pause=0.2)
ACT = Stage(attempts=3, each=2, within=7)
ASK_PEOPLE = Stage(attempts=3, each=3, within=10)
POLL = Stage(attempts=3, each=3, within=12)
PATIENCE = 600.0  # seconds that a moderator has
EVERY = 30.0  # seconds between two looks at a task, unless told otherwise


class Post(BaseModel):
    """A post as the forum keeps it. Nobody but the forum needs its author's address."""

    id: str
    author: str
    email: str
    images: list[str] = []


class Task(BaseModel):
    """A question to a moderator."""

    id: str = Field(min_length=1)
    answer: dict[str, Literal["allow", "remove"]] | None = None


@dataclass(frozen=True)
class Backends:
    """The systems over one HTTP client. All methods raise `Unavailable`."""

    http: httpx2.AsyncClient
    feed: str
    people: str
    log: str

    async def post(self, id_: str) -> Post:
        """The post."""

        async def get() -> Post:
            reply = await self.http.get(f"{self.feed}/posts/{id_}")
            return Post.model_validate_json(reply.raise_for_status().content)

        return await attempt(get, READ)

    async def publish(self, post: str) -> None:
        """Let everybody see it."""
        await self._send(f"{self.feed}/posts/{post}/publish", {}, f"{post}/publish", ACT)

    async def remove(self, post: str) -> None:
        """Let nobody see it."""
        await self._send(f"{self.feed}/posts/{post}/remove", {}, f"{post}/remove", ACT)

    async def write_down(self, post: str, event: str, why: str) -> None:
        """Put an entry into the log of decisions."""
        entry = {"post": post, "event": event, "why": why}
        await self._send(f"{self.log}/entries", entry, f"{post}/{event}", ACT)

    async def ask(self, post: str, text: str, why: str, **more: Any) -> Task:
        """Give a post to the moderators, once."""
        task = {"post": post, "text": text, "why": why, **more}
        url = f"{self.people}/reviews"
        reply = await self._send(url, task, f"{post}/review", ASK_PEOPLE)
        return Task.model_validate_json(reply.content)

    async def page(self, post: str, task: str) -> None:
        """Tell the moderators' lead of a task that nobody answers."""
        body = {"post": post, "task": task}
        await self._send(f"{self.people}/pages", body, f"{post}/page", ASK_PEOPLE)

    async def answer(self, task: Task) -> Literal["allow", "remove"] | None:
        """What a moderator says; None if nobody says anything in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            reply = await self._look(task)
            found = Task.model_validate_json(reply.content)
            if found.answer is not None:
                return found.answer["decision"]
            pause = retry_after(reply.headers) or EVERY
            if loop.time() + pause > until:
                return None
            await asyncio.sleep(pause)

    async def _look(self, task: Task) -> httpx2.Response:
        async def get() -> httpx2.Response:
            reply = (await self.http.get(f"{self.people}/reviews/{task.id}")).raise_for_status()
            Task.model_validate_json(reply.content)
            return reply

        return await attempt(get, POLL)

    async def _send(
        self, url: str, body: dict[str, Any], key: str, stage: Stage
    ) -> httpx2.Response:
        async def post() -> httpx2.Response:
            reply = await self.http.post(url, json=body, headers={"Idempotency-Key": key})
            reply.raise_for_status().json()
            return reply

        return await attempt(post, stage)
