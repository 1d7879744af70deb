"""An agent that is an ASGI application, called in its own process, inside the world."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from evalkit.agents.base import AgentFailed, Reply, Turn
from evalkit.agents.calling import AgentRequest, Caller
from evalkit.agents.later import Later
from evalkit.agents.mailbox import Mailbox
from evalkit.agents.reading import ReplyReader
from evalkit.agents.receiving import Receiver
from evalkit.agents.targets import quoted
from evalkit.errors import StartError
from evalkit.services.asgi.lifespan import lifespan
from evalkit.services.asgi.protocol import check_app
from evalkit.services.template import RenderError, Template, TemplateError, compile_value
from evalkit.suite import agent as model
from evalkit.suite.loading import loaded

VARIABLES = ("turn", "session")
"""What the templates of a request may use."""

SERVED = (*VARIABLES, "services")
"""The same where the agent is served outside: `services` holds the URLs for the session."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class AsgiAgent:
    """Makes each turn a request, and a reply of its response, or of what follows on a 202."""

    def __init__(
        self,
        caller: Receiver,
        settings: model.Agent,
        mailbox: Mailbox,
        urls: Callable[[str], Mapping[str, Mapping[str, str]]] | None = None,
    ) -> None:
        request = settings.request
        self._caller = caller
        self._urls = urls
        self.receiver: Receiver = caller
        """Where requests go that carry no turn."""
        self._method = request.method
        self._has_body = request.body is not None
        self._template = compile_request(request, VARIABLES if urls is None else SERVED)
        self._reader = ReplyReader(settings.reply)
        self._later = Later(settings, mailbox, caller)

    async def reply(self, turn: Turn) -> Reply:
        """What the application answers, at once or in the end."""
        variables = variables_of(turn)
        if self._urls is not None:
            variables = {**variables, "services": self._urls(turn.session.id)}
        with self._later.expecting(turn, variables) as expected:
            response = await self._caller.call(self._request(expected.variables))
            return self._reader.read(await expected.final(response))

    def _request(self, variables: Mapping[str, Any]) -> AgentRequest:
        return filled_request(self._template, self._method, variables, body=self._has_body)


def filled_request(
    template: Template, method: str, variables: Mapping[str, Any], *, body: bool
) -> AgentRequest:
    """The request that a compiled template makes of a turn. Raises `AgentFailed`."""
    try:
        filled = template.render(variables)
    except RenderError as error:
        raise AgentFailed(f"the request of the turn cannot be made: {error}") from error
    sent = json.dumps(filled["json"], ensure_ascii=False).encode() if body else b""
    return AgentRequest(
        method=method,
        target=_target(filled["path"]),
        headers=_headers(filled["headers"], sent),
        body=sent,
    )


@asynccontextmanager
async def open_asgi(
    target: str, folder: Path, settings: model.Agent, mailbox: Mailbox
) -> AsyncIterator[AsgiAgent]:
    """The application that a target names, started for the length of a world. What it calls back
    with comes to the mailbox.

    Raises `StartError` where the target is no application, or does not start.
    """
    with loaded(target, folder) as app:
        check_app(app, target)
        async with lifespan(app, target) as state:
            caller = Caller(app, state)
            try:
                yield agent_at(caller, settings, mailbox)
            finally:
                await caller.close()


def compile_request(
    request: model.RequestTemplate, variables: tuple[str, ...] = VARIABLES
) -> Template:
    """The templates of a request. Raises `TemplateError`; its places are the keys of `request`."""
    parts = {"path": request.path, "headers": dict(request.headers), "json": request.body}
    return compile_value(parts, variables)


def variables_of(turn: Turn) -> Mapping[str, Any]:
    """The values of `VARIABLES` for a turn."""
    session = {"id": turn.session.id, "vars": turn.session.vars}
    return {"turn": {"input": turn.input, "number": turn.number}, "session": session}


def agent_at(
    caller: Receiver,
    settings: model.Agent,
    mailbox: Mailbox,
    urls: Callable[[str], Mapping[str, Mapping[str, str]]] | None = None,
) -> AsgiAgent:
    """The agent that a caller reaches. Raises `StartError` where a template is wrong."""
    try:
        return AsgiAgent(caller, settings, mailbox, urls)
    except TemplateError as error:
        raise StartError(f"the agent's template is wrong: {error}") from error


def _target(path: object) -> str:
    text = str(path)
    if not text.startswith("/"):
        raise AgentFailed(f"the path of the request is {text!r}; allowed: one that begins with /")
    return quoted(text)


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
