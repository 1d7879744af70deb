"""The shipped moderator with a mistake at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from shipped import modules_of

modules_of("moderation")

import agent  # noqa: E402
from attempts import Unavailable  # noqa: E402
from backends import Backends  # noqa: E402
from classifiers import Classifiers, Seen  # noqa: E402


class ImagesThatCame(Classifiers):
    """Images are gathered with their exceptions, which nobody looks at."""

    async def images(self, images: Sequence[str]) -> list[Seen]:
        found = await asyncio.gather(*map(self.image, images), return_exceptions=True)
        return [each for each in found if isinstance(each, Seen)]


@dataclass(frozen=True)
class LogsInTheBackground(Backends):
    """Entries of the log are sent by a task that nobody waits for."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def write_down(self, post: str, event: str, why: str) -> None:
        task = asyncio.create_task(self.logged(post, event, why))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def logged(self, post: str, event: str, why: str) -> None:
        with suppress(Unavailable):
            await super().write_down(post, event, why)


def images_that_came() -> object:
    """The agent."""
    agent.Classifiers = ImagesThatCame  # type: ignore[misc]
    return agent.moderation_agent()


def log_in_the_background() -> object:
    """The agent."""
    agent.Backends = LogsInTheBackground  # type: ignore[misc]
    return agent.moderation_agent()
