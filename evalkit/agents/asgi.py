"""An agent that is an ASGI application, called in its own process, inside the world."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.calling import AgentRequest, App, Caller
from evalkit.agents.lifespan import lifespan
from evalkit.agents.loading import loaded, place_of
from evalkit.agents.reading import ReplyReader
from evalkit.errors import StartError
from evalkit.services.template import RenderError, Template, TemplateError, compile_value
from evalkit.suite.model import ReplyMapping, RequestTemplate

VARIABLES = ("turn", "session")
"""What the templates of a request may use."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class AsgiAgent:
    """Makes each turn a request, and a reply of its response."""

    def __init__(self, caller: Caller, request: RequestTemplate, reply: ReplyMapping) -> None:
        self._caller = caller
        self._method = request.method
        self._has_body = request.body is not None
        self._template = compile_request(request)
        self._reader = ReplyReader(reply)

    async def reply(self, turn: Turn) -> Reply:
        """What the application answers."""
        return self._reader.read(await self._caller.call(self._request(turn)))

    def _request(self, turn: Turn) -> AgentRequest:
        try:
            filled = self._template.render(variables_of(turn))
        except RenderError as error:
            raise AgentFailed(f"the request of the turn cannot be made: {error}") from error
        body = json.dumps(filled["json"], ensure_ascii=False).encode() if self._has_body else b""
        return AgentRequest(
            method=self._method,
            target=_target(filled["path"]),
            headers=_headers(filled["headers"], body),
            body=body,
        )


@asynccontextmanager
async def open_asgi(
    target: str, folder: Path, request: RequestTemplate, reply: ReplyMapping
) -> AsyncIterator[AsgiAgent]:
    """The application that a target names, started for the length of a world.

    Raises `StartError` where the target is no application, or does not start.
    """
    with loaded(target, folder) as app:
        _check(app, target)
        async with lifespan(app, target) as state:
            caller = Caller(app, state)
            try:
                yield _agent(caller, request, reply)
            finally:
                await caller.close()


def compile_request(request: RequestTemplate) -> Template:
    """The templates of a request. Raises `TemplateError`; its places are the keys of `request`."""
    parts = {"path": request.path, "headers": dict(request.headers), "json": request.body}
    return compile_value(parts, VARIABLES)


def variables_of(turn: Turn) -> Mapping[str, Any]:
    """The values of `VARIABLES` for a turn."""
    session = {"id": turn.session.id, "vars": turn.session.vars}
    return {"turn": {"input": turn.input, "number": turn.number}, "session": session}


def _agent(caller: Caller, request: RequestTemplate, reply: ReplyMapping) -> AsgiAgent:
    try:
        return AsgiAgent(caller, request, reply)
    except TemplateError as error:
        raise StartError(f"the agent's request template is wrong: {error}") from error


def _check(app: App, target: str) -> None:
    try:
        inspect.signature(app).bind({}, None, None)
    except (TypeError, ValueError):
        raise StartError(
            f"{target} is no ASGI 3 application ({place_of(app)})",
            hint="allowed: a callable app(scope, receive, send), as Starlette and FastAPI make it",
        ) from None


def _target(path: object) -> str:
    text = str(path)
    if not text.startswith("/"):
        raise AgentFailed(f"the path of the request is {text!r}; allowed: one that begins with /")
    return text


def _headers(given: Mapping[str, Any], body: bytes) -> tuple[tuple[str, str], ...]:
    own = {"accept": "application/json, text/event-stream"}
    if body:
        own["content-type"] = "application/json"
    named = {name.lower(): str(value) for name, value in given.items()}
    for name, value in named.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise AgentFailed(f"the request cannot carry the header {name!r}: {value!r}")
    sized = {"content-length": str(len(body))} if body else {}
    return tuple({**own, **named, **sized}.items())
