"""An MCP service and what a client would send it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from evalkit.services.mcp.compiled import CompiledMcp
from evalkit.services.mcp.loading import load_mcp
from evalkit.services.mcp.service import McpService
from evalkit.wire import Reply, Send, Wait
from tests.services.asking import ask

ACCEPT = "application/json, text/event-stream"
SECOND = 1_000_000_000

DESK = """
service: mcp
answers: json
page: 2
tools:
  get_order:
    title: Orders
    description: Look an order up.
    input: {type: object, properties: {id: {type: string}}, required: [id]}
    output: {type: object, properties: {status: {type: string}}, required: [status]}
    replies:
      - {if: "arguments.id == 'A-2'", error: "no {{ arguments.id }}"}
      - {if: "arguments.id == 'A-3'", json: {status: 3}}
      - {if: "arguments.id == 'A-1'", json: {status: "{{ session.vars.name }}"}}
  create_ticket:
    effect:
      name: ticket
      key: [arguments.subject]
      data: {id: "{{ reply.id }}", by: "{{ session.id }}"}
      idempotency: arguments.request_id | default(none)
    reply: {json: {id: "T-{{ arguments | digest(4) }}"}}
  list_all: {reply: {json: [1, 2]}}
resources:
  desk://rules: {text: Be kind.}
  desk://orders/{id}: {json: {id: "{{ path.id }}"}}
  desk://logo: {blob: aGk=, mime: image/png}
prompts:
  sorry:
    arguments: {order: {required: true}, tone: {}}
    messages: [{text: "{{ arguments.order }}{{ arguments.tone }}"}]
"""

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def desk(**changed: Any) -> McpService:
    """The service, with some keys of its definition changed."""
    return McpService("mock", definition(**changed))


def definition(**changed: Any) -> CompiledMcp:
    """The definition, with some of its keys changed."""
    return _compiled(yaml.safe_dump({**yaml.safe_load(DESK), **changed}, sort_keys=False))


@cache
def _compiled(text: str) -> CompiledMcp:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "desk.yaml"
        path.write_text(text)
        return load_mcp(path)


def message(method: str, id: Any = 1, **params: Any) -> dict[str, Any]:  # noqa: A002
    """A request; without an id, a notification."""
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        body["id"] = id
    return {**body, "params": params} if params else body


def post(
    service: McpService,
    body: Any,
    *,
    session: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    **more: Any,
) -> Reply:
    """The reply to a message."""
    given: dict[str, str | None] = {
        "Content-Type": "application/json",
        "Accept": ACCEPT,
        "Mcp-Session-Id": session,
        **(headers or {}),
    }
    sent = {name: value for name, value in given.items() if value is not None}
    return ask(service, "POST", "/mcp", body, headers=sent, **more)


def modern(service: McpService, method: str, **params: Any) -> Reply:
    """The reply to a request of a client without a session."""
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    named = params.get("uri" if method == "resources/read" else "name")
    if isinstance(named, str):
        headers["Mcp-Name"] = named
    return post(service, message(method, **params, _meta=MODERN), headers=headers)


def begun(service: McpService, version: str = "2025-11-25", **more: Any) -> str:
    """The id of a new session."""
    about = {"protocolVersion": version, "capabilities": {}, "clientInfo": {}}
    reply = post(service, message("initialize", **about), **more)
    return dict(reply.headers)["mcp-session-id"]


def called(
    service: McpService, session: str, tool: str, arguments: Any = None, **more: Any
) -> Reply:
    """The reply to a call of a tool."""
    params = {"name": tool} if arguments is None else {"name": tool, "arguments": arguments}
    return post(service, message("tools/call", **params), session=session, **more)


def bodies(reply: Reply) -> list[Any]:
    """The messages of a reply, plain or in a stream."""
    if dict(reply.headers).get("content-type") != "text/event-stream":
        return [json.loads(reply.body())] if reply.body() else []
    events = [step.data.decode() for step in reply.plan if isinstance(step, Send)]
    return [json.loads(each.split("data: ", 1)[1]) for each in events]


def due(reply: Reply) -> list[int]:
    """When each message of a stream is sent, in nanoseconds after the request."""
    now, times = 0, []
    for step in reply.plan:
        if isinstance(step, Wait):
            now += step.ns
        elif isinstance(step, Send):
            times.append(now)
    return times


def result(reply: Reply) -> Any:
    """The result of the response."""
    return bodies(reply)[-1]["result"]


def error(reply: Reply) -> Any:
    """The error of the response."""
    return bodies(reply)[-1]["error"]
