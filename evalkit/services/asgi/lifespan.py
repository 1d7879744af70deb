"""The lifespan of an ASGI application: started before its first request, shut down after its last.

As with other servers, an application that knows no lifespan (it raises or returns before it answers
the start) is run without one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from evalkit.errors import StartError
from evalkit.services.asgi.protocol import App, Message
from evalkit.world.lives import LIFE

PATIENCE_S = 60.0
"""How long start and shutdown may each take, in seconds of world time."""

_LOG = logging.getLogger("evalkit.asgi")


@asynccontextmanager
async def lifespan(app: App, target: str) -> AsyncIterator[dict[str, Any]]:
    """The application, started; gives the state that its start left for its requests.

    Raises `StartError` where the application says that it cannot start, or never does.
    """
    life = _Life(app)
    try:
        await life.ask("startup", target)
        try:
            yield life.state
        finally:
            if (own := LIFE.get()) is None or not own.over:  # a killed process shuts nothing down
                await life.shut_down(target)
    finally:
        await life.end()


class _Life:
    def __init__(self, app: App) -> None:
        self.state: dict[str, Any] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(app))

    async def ask(self, phase: str, target: str) -> None:
        """Tell the application of a phase, and wait until it says that it is through with it."""
        if self._task.done():
            return
        self._inbox.put_nowait({"type": f"lifespan.{phase}"})
        answer = asyncio.create_task(self._outbox.get())
        await asyncio.wait(
            {answer, self._task}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
        )
        if answer.done():
            self._judge(answer.result(), phase, target)
            return
        answer.cancel()
        if not self._task.done():
            raise StartError(f"{target} did not finish its {phase} within {PATIENCE_S:g} s")

    async def shut_down(self, target: str) -> None:
        """Shut the application down; that it fails to changes nothing any more."""
        try:
            await self.ask("shutdown", target)
        except StartError as error:
            _LOG.warning("%s", error)

    async def end(self) -> None:
        """End the application's lifespan, whatever it still does."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, app: App) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await app(scope, self._inbox.get, self._outbox.put)
        except (Exception, SystemExit) as error:
            _LOG.debug("the application ended its lifespan", exc_info=error)

    def _judge(self, answer: Message, phase: str, target: str) -> None:
        if answer.get("type") == f"lifespan.{phase}.complete":
            return
        reason = str(answer.get("message") or answer.get("type")).strip().splitlines()
        raise StartError(f"{target} failed in its {phase}: {reason[-1] if reason else 'no reason'}")
