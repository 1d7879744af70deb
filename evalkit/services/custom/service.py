"""Makes a service of an object of the user's."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.errors import StartError
from evalkit.services.custom.model import PythonDefinition
from evalkit.suite.loading import loaded, place_of
from evalkit.wire import Reply, Request
from evalkit.world.clock import Clock

_HINT = "allowed: a class like evalkit.services.PythonService"


class CustomService:
    """A service that an object of the user's answers; it is made anew for every world."""

    kind = "python"

    def __init__(self, name: str, definition: PythonDefinition, folder: Path) -> None:
        self.name = name
        self.hosts = definition.hosts
        self.waits = True
        self._definition = definition
        self._folder = folder
        self._own: Any = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The object, made. Raises `StartError` where that fails."""
        target = self._definition.named
        try:
            with loaded(target, self._folder, f"service_{self.name}") as named:
                self._own = self._made(named, target)
                self.waits = inspect.iscoroutinefunction(self._own.handle)
                yield
        except StartError as error:
            raise StartError(f"the service {self.name}: {error}", hint=error.hint) from error

    def operation(self, request: Request) -> str:
        """What the object calls it; `METHOD path` where it does not say."""
        try:
            named = self._own.operation(request)
        except Exception:
            return f"{request.method} {request.path}"  # `handle` will tell
        return named if isinstance(named, str) and named else f"{request.method} {request.path}"

    async def handle(self, request: Request) -> Reply:
        """The reply of the object, after its latency."""
        try:
            reply = self._own.handle(request)
            if self.waits:
                reply = await reply
        except Exception:
            return _failed(f"{self._definition.named} raised:\n{traceback.format_exc()}")
        if not isinstance(reply, Reply):
            kind = type(reply).__name__
            if inspect.iscoroutine(reply):
                reply.close()
            return _failed(f"{self._definition.named} gave a {kind}, not an evalkit Reply")
        latency = self._definition.latency
        wait = 0 if latency is None else latency.sample(request.draw)
        passed = Clock.moment(asyncio.get_running_loop().time()) - request.at if self.waits else 0
        return reply.after(wait + passed)

    def _made(self, named: Any, target: str) -> Any:
        if not isinstance(named, type):
            raise StartError(f"{target} is no class ({place_of(named)})", hint=_HINT)
        for method in ("handle", "operation"):
            if not callable(getattr(named, method, None)):
                what = f"{target} has no method `{method}` ({place_of(named)})"
                raise StartError(what, hint=_HINT)
        try:
            return named(self.name, **self._definition.settings)
        except Exception as error:
            what = f"{target} could not be made: {type(error).__name__}: {error}"
            raise StartError(what, hint=f"{target} is called with its name and `with`") from error


def _failed(complaint: str) -> Reply:
    return replace(
        Reply.json({"error": "the mock service failed"}, status=500), complaint=complaint
    )
