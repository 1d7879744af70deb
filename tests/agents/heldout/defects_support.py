"""The support desk of `support_sound.py` with a mistake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from support_sound import Desk, words

from evalkit import Reply, Turn


class OneSheetOfPaper(Desk):
    """What a turn finds out is kept on the desk, which takes many turns at a time."""

    seen: dict[str, Any]

    async def reply(self, turn: Turn) -> Reply:
        talk = self.talks.setdefault(turn.session.id, [])
        talk.append({"role": "user", "content": turn.input})
        self.seen = {"category": "other", "language": "en", "sensitive": False}
        try:
            async with asyncio.timeout(59):
                reply = await self.work(turn, talk, self.seen)
        except TimeoutError:
            reply = Reply(words(self.seen)[4], answer="hold")
        talk.append({"role": "assistant", "content": reply.text})
        return reply

    async def hand_over(
        self, turn: Turn, talk: list[dict[str, str]], seen: dict[str, Any], draft: Any
    ) -> Reply:
        return await super().hand_over(turn, talk, self.seen, draft)


@asynccontextmanager
async def shared_turn_state() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent."""
    limits = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(timeout=limits) as http:
        yield OneSheetOfPaper(http).reply
