"""What an ASGI application is (ASGI 3)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from evalkit.errors import StartError
from evalkit.suite.loading import place_of

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def check_app(app: Any, target: str) -> None:
    """Raise `StartError` where this cannot be an application."""
    try:
        inspect.signature(app).bind({}, None, None)
    except (TypeError, ValueError):
        raise StartError(
            f"{target} is no ASGI 3 application ({place_of(app)})",
            hint="allowed: a callable app(scope, receive, send), as Starlette and FastAPI make it",
        ) from None
