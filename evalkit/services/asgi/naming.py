"""What the operations of an application are called: after its own routes, where it has some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalkit.services.rest.routing import Router, parse_route
from evalkit.wire import Request

_FULL = 2  # starlette.routing.Match.FULL


class Names:
    """Names requests by routes that are written down, or else by those of the application."""

    def __init__(self, app: Any, written: Sequence[str]) -> None:
        self._patterns = [parse_route(each) for each in written]
        self._router = Router(self._patterns) if written else None
        self._app = app

    def of(self, request: Request) -> str:
        """`METHOD /path/{parameter}`; the path as it is where no route has it."""
        if self._router is not None:
            found = self._router.find(request.method, request.path)
            path = None if found is None else self._patterns[found.index].path
        else:
            scope = {"type": "http", "method": request.method, "path": request.path}
            path = _path(getattr(self._app, "routes", ()), {**scope, "headers": []})
        return f"{request.method} {path or request.path}"


def _path(routes: Iterable[Any], scope: Mapping[str, Any]) -> str | None:
    """The path of the first route that takes the request, in the manner of Starlette's routes."""
    for route in routes:
        try:
            match, child = route.matches(dict(scope))
        except Exception:  # routes of another manner have no names for us
            continue
        if getattr(match, "value", None) != _FULL:
            continue
        own = str(getattr(route, "path", ""))
        inner = _path(getattr(route, "routes", None) or (), {**scope, **child})
        return own + inner if inner is not None else own or None
    return None
