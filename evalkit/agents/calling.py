"""One HTTP request to an ASGI application in the same process (ASGI 3, `http` scope)."""

from __future__ import annotations

import asyncio
import inspect
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote

from evalkit.agents.base import AgentFailed
from evalkit.agents.targets import quoted, target_of
from evalkit.services.asgi.protocol import App, Message
from evalkit.suite.hosts import AGENT_HOST

MAX_BODY = 10_000_000
"""The largest body of a response that is read, in bytes."""

_LOG = logging.getLogger("evalkit.agents")
_MOMENTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """The request that carries a turn."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the application answered. Header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def excerpt(self) -> str:
        """The beginning of the body, for an error."""
        text = self.body[:400].decode("utf-8", "replace")
        return text[:200] if text.strip() else "an empty body"


class Caller:
    """Sends requests to one application. `state` is what its lifespan left for its requests."""

    def __init__(self, app: App, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._behind: set[asyncio.Task[None]] = set()

    async def call(self, request: AgentRequest) -> Response:
        """The response of the application. Raises `AgentFailed` where it gives none.

        What the application goes on doing after its response (background tasks) is left to run.
        """
        exchange = _Exchange(request)
        running = asyncio.create_task(self._run(request, exchange))
        over = asyncio.create_task(exchange.over.wait())
        try:
            await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.good:
                return exchange.response()
            await _let_it_raise(running)
            return _outcome(exchange, running)
        finally:
            over.cancel()
            exchange.over.set()
            if not exchange.whole:
                running.cancel()
            self._behind.add(running)
            running.add_done_callback(partial(self._done_behind, log=exchange.good))

    def target_of(self, url: str) -> str:
        """The path and query of a URL of the application's. Raises `ValueError`."""
        return target_of(url)

    async def close(self) -> None:
        """End what the application still does in the background."""
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)

    async def _run(self, request: AgentRequest, exchange: _Exchange) -> None:
        scope = _scope(request, self._state)
        try:
            made: object = self._app(scope, exchange.receive, exchange.send)
            if not inspect.isawaitable(made):
                raise AgentFailed("this is no ASGI 3 application: calling it gave nothing to await")
            await made
        except SystemExit as error:
            raise AgentFailed(f"the application ended the process: SystemExit({error})") from error

    def _done_behind(self, task: asyncio.Task[None], *, log: bool) -> None:
        self._behind.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and log:
            _LOG.warning("the application raised after its response", exc_info=error)


async def _let_it_raise(running: asyncio.Task[None]) -> None:
    """Give an application that answers with an error before it raises the moments to do so."""
    for _ in range(_MOMENTS):
        if running.done():
            return
        await asyncio.sleep(0)


def _outcome(exchange: _Exchange, running: asyncio.Task[None]) -> Response:
    if exchange.fault is not None:
        raise AgentFailed(exchange.fault)
    if running.done():
        _check_how_it_ended(running)
    if exchange.whole:
        return exchange.response()
    what = "without completing its response" if exchange.status else "without a response"
    raise AgentFailed(f"the application returned {what}")


def _check_how_it_ended(running: asyncio.Task[None]) -> None:
    if running.cancelled():
        raise AgentFailed("the application was cancelled by its own code")
    if isinstance(error := running.exception(), AgentFailed):
        raise error
    if error is not None:
        raise AgentFailed(f"the application raised {type(error).__name__}: {error}") from error


def _scope(request: AgentRequest, state: dict[str, Any]) -> dict[str, Any]:
    raw, _, query = quoted(request.target).partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", AGENT_HOST.encode()), *_encoded(request.headers)],
        "client": ("127.0.0.1", 50000),
        "server": (AGENT_HOST, 80),
        "state": dict(state),
    }


def _encoded(headers: tuple[tuple[str, str], ...]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


@dataclass(slots=True)
class _Exchange:
    """The two channels between the driver and the application."""

    request: AgentRequest
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False
    fault: str | None = None
    asked: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        """The request, whole; then nothing until the client has its response or is gone."""
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response."""
        if self.over.is_set():
            return
        kind = message.get("type")
        if kind == "http.response.start" and not self.status:
            self._start(message)
        elif kind == "http.response.body" and self.status:
            self._add(message)
        else:
            self._fail(f"the application sent {kind!r} out of order")

    @property
    def good(self) -> bool:
        """Whether the response is complete and no error of the application's."""
        return self.whole and self.status < 500

    def response(self) -> Response:
        """The response, complete."""
        return Response(status=self.status, headers=self.headers, body=bytes(self.body))

    def _start(self, message: Message) -> None:
        status = message.get("status")
        if isinstance(status, int) and 100 <= status <= 599:
            self.status = int(status)
            self.headers = tuple(
                (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        else:
            self._fail(f"the application sent the status {status!r}")

    def _add(self, message: Message) -> None:
        self.body += message.get("body", b"")
        if len(self.body) > MAX_BODY:
            self._fail(f"the response is larger than {MAX_BODY} bytes")
        elif not message.get("more_body", False):
            self.whole = True
            self.over.set()

    def _fail(self, fault: str) -> None:
        self.fault = fault
        self.over.set()
