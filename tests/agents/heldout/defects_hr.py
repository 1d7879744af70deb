"""The payroll assistant of `hr_sound.py` with a mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from anthropic import AsyncAnthropic
from hr_sound import Assistant, Talk, Token

from evalkit import Reply, Turn


class OneToken(Assistant):
    """The token is cached for the assistant, and so for all who talk to it."""

    def __init__(self, http: httpx.AsyncClient, client: AsyncAnthropic) -> None:
        super().__init__(http, client)
        self.token = Token(http)

    async def reply(self, turn: Turn) -> Reply:
        if turn.session.id not in self.talks:
            given = turn.session.vars
            self.talks[turn.session.id] = Talk(
                self.http, turn.session.id, given["employee"], given.get("language", "en"),
                self.token,
            )  # fmt: skip
        return await super().reply(turn)


@asynccontextmanager
async def token_of_everybody() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent."""
    async with (
        httpx.AsyncClient(timeout=6) as http,
        AsyncAnthropic(max_retries=2, timeout=12) as client,
    ):
        yield OneToken(http, client).reply
