"""An ASGI application as a service: it runs inside the world, on the world's clock.

It is imported for each world, and its lifespan is that of the world. Each request is handled in the
context of the session that made it, so that whatever the application asks of other services, and
whatever it draws, is that session's. A response that is not complete at the instant at which it
begins is played as it comes. Only where a fault changes its body is it gathered first: what was to
come before its end then comes at its end.

An exception is a 500 with a complaint, or, once the response has begun, the end of the connection.
A client that goes away is told to the application as a disconnect, and does not end it.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from evalkit.errors import StartError
from evalkit.services.asgi.lifespan import lifespan
from evalkit.services.asgi.model import AsgiDefinition
from evalkit.services.asgi.naming import Names
from evalkit.services.asgi.protocol import App, check_app
from evalkit.services.asgi.recording import Recording
from evalkit.suite.loading import loaded
from evalkit.wire import Follow, Head, Reply, Request, Step
from evalkit.world.clock import NS, Clock

_MOMENTS = 10  # rounds of the loop in which a response may become complete, without time passing
_BODILESS = (204, 304)


class AsgiService:
    """A service that an application answers."""

    kind = "asgi"
    waits = True

    def __init__(self, name: str, definition: AsgiDefinition, folder: Path) -> None:
        self.name = name
        self.hosts = definition.hosts
        self._definition = definition
        self._folder = folder
        self._app: App | None = None
        self._state: dict[str, Any] = {}
        self._names = Names(None, definition.operations)
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The application, imported and started. Raises `StartError` where it is none."""
        target = self._definition.app
        try:
            with loaded(target, self._folder, f"service_{self.name}") as app:
                check_app(app, target)
                self._names = Names(app, self._definition.operations)
                async with lifespan(app, target) as self._state:
                    self._app = app
                    try:
                        yield
                    finally:
                        await self._end()
        except StartError as error:
            raise StartError(f"the service {self.name}: {error}", hint=error.hint) from error

    def operation(self, request: Request) -> str:
        """The route that takes it; `METHOD path` where none is known."""
        return self._names.of(request)

    async def handle(self, request: Request) -> Reply:
        """What the application answers, as far as it has by now."""
        latency = self._definition.latency
        if latency is not None:
            await asyncio.sleep(latency.sample(request.draw) / NS)
        recording = Recording(request)
        task = asyncio.create_task(self._run(request, recording))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await recording.begun.wait()
            for _ in range(_MOMENTS):
                if recording.over:
                    break
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            recording.leave()
            raise
        return _reply(recording).after(_elapsed(request))

    async def _run(self, request: Request, recording: Recording) -> None:
        assert self._app is not None, "a service is asked only while it is running"
        try:
            await self._app(_scope(request, self._state), recording.receive, recording.send)
            if not recording.over:
                part = "without completing its response" if recording.status else "without one"
                recording.fail(f"the application returned {part}")
        except (Exception, SystemExit):
            recording.fail(f"the application raised:\n{traceback.format_exc()}")

    async def _end(self) -> None:
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _reply(recording: Recording) -> Reply:
    """The reply that was recorded: whole, still coming, or none."""
    if recording.status is None:
        what = recording.complaint or "the application sent no response"
        failed = Reply.json({"error": "the mock service failed"}, status=500)
        return replace(failed, complaint=what)
    plan: tuple[Step, ...] = recording.sends if recording.over else (Follow(recording),)
    sized = any(name in ("content-length", "transfer-encoding") for name, _ in recording.headers)
    headers = tuple(each for each in recording.headers if each[0] != "transfer-encoding")
    bodiless = recording.status in _BODILESS
    if recording.whole and not sized and not bodiless:
        headers = (*headers, ("content-length", str(recording.size)))
    return Reply(
        status=recording.status,
        headers=headers,
        plan=(Head(), *plan),
        chunked=not recording.whole and not sized and not bodiless,
        complaint=recording.complaint,
    )


def _elapsed(request: Request) -> int:
    """Nanoseconds since the request arrived: waits of a plan count from there."""
    return Clock.moment(asyncio.get_running_loop().time()) - request.at - request.queued


def _scope(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    host, _, port = request.host.partition(":")
    path = quote(request.path, safe="/:@!$&'()*+,;=~-._")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": path.encode("ascii"),
        "query_string": urlencode(request.query).encode("ascii"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers
        ],
        "client": ("198.19.255.254", 50000),
        "server": (host, int(port) if port.isdigit() else 80),
        "state": dict(state),
    }
