"""A moderator of a forum's posts, on asyncio and httpx2 alone.

    post ─┬─ words (0.5 s) ──┬─ banned ──────────────────────────────────────> remove
          └─ images (3 s)  ──┴─ model (3 s) ─┬─ 0.95, or 0.9 and words agree ─> publish, remove
               side by side                  ├─ 0.7 ─ second opinion (5 s) ──> publish, remove
                                             ├─ below ─ a person (10 min) ───> publish, remove
                                             └─ no model at all ─────────────> fail open

Most posts are decided on by machines. What they are not sure of waits, hidden, for a person; one
who does not answer in ten minutes is not waited for any longer, and a lead is told. Where no model
answers a harmless-looking post is published all the same (`degraded`), but only when that was
logged and put before a person; where even that fails the post waits (`hold`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
from attempts import Unavailable
from backends import Backends
from classifiers import Classifiers
from moderator import Moderator

from evalkit import Reply, Turn

OVERALL = 720.0  # seconds for a post, a person's ten minutes among them
LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50)


@asynccontextmanager
async def moderation_agent(
    make: Callable[[Classifiers, Backends], Moderator] = Moderator,
) -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent: one HTTP client and one circuit breaker, for as long as the process serves."""
    env = os.environ
    async with httpx2.AsyncClient(timeout=10, limits=LIMITS) as http:
        ask = Classifiers(
            http, env["WORDS_URL"], env["MODEL_URL"], env["SECOND_URL"], env["VISION_URL"]
        )
        do = Backends(http, env["FEED_URL"], env["PEOPLE_URL"], env["LOG_URL"])
        moderator = make(ask, do)

        async def reply(turn: Turn) -> Reply:
            id_ = turn.session.vars["post"]
            try:
                async with asyncio.timeout(OVERALL):
                    post = await do.post(id_)
                    return await moderator.decide(post, turn.input)
            except (TimeoutError, Unavailable):
                return Reply(f"Post {id_} waits: it could not be judged.", answer="hold")

        yield reply
