"""Makes services of YAML, and asks them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from evalkit.keyed import Draw
from evalkit.services import Service, ServiceTemplate, load_service
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller, Reply, Request, Wait

ANN = Caller(session="s-1", turn=2, vars={"name": "Ann", "order": 17, "blocked": False})

Make = Callable[..., Service]


def load(folder: Path, definition: str, script: str | None = None, **use: Any) -> ServiceTemplate:
    """The service of a definition (and a script) written into the folder."""
    (folder / "service.yaml").write_text(definition)
    if script is not None:
        (folder / "script.yaml").write_text(script)
        use["script"] = "script.yaml"
    return load_service("mock", ServiceUse(use="service.yaml", **use), folder)


def request(
    method: str,
    target: str,
    body: object = b"",
    *,
    headers: Mapping[str, str] | None = None,
    caller: Caller | None = ANN,
    at: int = 0,
    draw: str = "request",
) -> Request:
    """A request; a body that is not bytes is sent as JSON."""
    path, _, query = target.partition("?")
    return Request(
        method=method,
        path=unquote(path),
        host="mock.evalkit.test",
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=tuple((name.lower(), value) for name, value in (headers or {}).items()),
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        at=at,
        caller=caller,
        draw=Draw(draw),
    )


def handled(service: Service, asked: Request, *, commit: bool = True) -> Reply:
    """The reply, taken on and its effects committed as the engine does."""
    reply = asyncio.run(service.handle(asked))
    if commit:
        take_on(reply)
    return reply


def take_on(reply: Reply) -> None:
    """Commit what a reply holds."""
    for taken in reply.taken:
        taken()
    for effect in reply.effects:
        if effect.commit is not None:
            effect.commit()


def ask(service: Service, method: str, target: str, body: object = b"", **more: Any) -> Reply:
    """The reply to a request."""
    return handled(service, request(method, target, body, **more))


def value(reply: Reply) -> Any:
    """The JSON of a reply."""
    return json.loads(reply.body())


def header(reply: Reply, name: str) -> str | None:
    """A header of a reply."""
    return dict(reply.headers).get(name)


def waits(reply: Reply) -> list[int]:
    """The waits of a reply, in nanoseconds."""
    return [step.ns for step in reply.plan if isinstance(step, Wait)]
