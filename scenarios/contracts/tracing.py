"""Passes on the trace that a request came with, as the instrumentation of a service does.

W3C Trace Context and Baggage: whoever is called for it can tell what the call is part of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

CARRIED = (b"traceparent", b"tracestate", b"baggage")

_trace: ContextVar[Mapping[str, str]] = ContextVar("trace")


class Traced:
    """An application that keeps the trace of each request for what it calls meanwhile."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take a request."""
        if scope["type"] == "http":
            carried = (each for each in scope["headers"] if each[0] in CARRIED)
            _trace.set({name.decode(): value.decode("latin-1") for name, value in carried})
        await self._app(scope, receive, send)


async def pass_on(request: Any) -> None:
    """Give a request of a client (httpx, httpx2) the trace that it is part of."""
    request.headers.update(_trace.get({}))


HOOKS = {"request": [pass_on]}
"""The event hooks of a client."""
