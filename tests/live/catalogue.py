"""Every fault that clients can see, in small: a service, a request that meets it, and the fault."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import FAULTS, AnyFault, Rule, Schedule, When
from evalkit.faults.data import DataFault
from evalkit.journal.records import CallEnded, CallStarted, EffectCommitted, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.services import ServiceTemplate
from evalkit.wire import Caller
from evalkit.world.clock import Clock
from tests.live.clients import Ask
from tests.services.asking import load
from tests.services.auth.bank import BANK, bearer, token
from tests.services.mcp.support import ACCEPT, DESK, MODERN, begun, message

SHOP = """
service: rest
routes:
  GET /orders/{id}:
    reply: {json: {id: "{{ path.id }}", name: Ada L, lines: [x1, x2], at: "2026-01-05"}}
  POST /orders:
    effect: {name: order, key: [body.id]}
    reply: {status: 201, json: {id: "{{ body.id }}"}}
"""
MODEL = "service: openai\nlatency: 1ms\ntokens_per_second: 1000\n"
SCRIPT = """
rules:
  - when: {last: user, format: Label}
    reply: {json: {label: refund, score: 0.5}}
  - when: {last: user, text: order}
    reply: {calls: [{name: get_order, arguments: {id: 17, note: urgent}}]}
  - reply: {text: "One two three four five six.", confidence: 0.9}
"""
READ = Ask("GET", "/orders/a1")
WRITE = Ask("POST", "/orders", b'{"id": "a1"}', {"Content-Type": "application/json"})
SOON = 0.3
"""Seconds after which a client gives up that is to give up."""


@dataclass(frozen=True)
class Case:
    """A fault, the service that it befalls, the request that meets it, and how many seconds later
    than without it the client has its reply, at least.
    """

    fault: Any
    service: str = SHOP
    ask: Ask = READ
    later: float = 0.0
    prepare: Callable[[Any, Ask], Ask] = field(default=lambda _, ask: ask)

    @property
    def name(self) -> str:
        """The fault by its name."""
        return self.fault if isinstance(self.fault, str) else str(next(iter(self.fault)))

    @property
    def id(self) -> str:
        """What the case is called."""
        return f"{self.fault} {self.ask.timeout:g}s" if self.ask.timeout < 1 else str(self.fault)


def served(case: Case, clock: Clock) -> tuple[ServiceEndpoint, Desk, Ask]:
    """The service under the fault, and the request with the headers that its service gave out."""
    service = _template(case.service).fresh()
    ask = case.prepare(service, case.ask)
    rule = Rule.parse(0, "mock", When(), (TypeAdapter(AnyFault).validate_python(case.fault),))
    schedule = Schedule(rules=(rule,), seed=0, scenario="test")
    desk = Desk(journal=Journal(), clock=clock, schedule=schedule, seed=0)
    return ServiceEndpoint(service, desk), desk, ask


CALLER_ = Caller(session="s", turn=1, vars={"account": "A-7", "name": "Ann"})


@dataclass(frozen=True)
class Told:
    """What a journal tells of the calls of a case."""

    calls: int
    failed: bool
    delivered: int
    effects: int


def told(journal: Journal) -> Told:
    """What the journal says."""
    records = journal.records
    ended = [each for each in records if isinstance(each, CallEnded)]
    delivered = [
        each for each in records if isinstance(each, FaultMoved) and each.stage is Stage.DELIVERED
    ]
    return Told(
        calls=len(ended),
        failed=ended[-1].failed,
        delivered=len(delivered),
        effects=sum(isinstance(each, EffectCommitted) for each in records),
    )


def under_way(journal: Journal) -> bool:
    """Whether a call has begun and not ended."""
    begun_ = sum(isinstance(each, CallStarted) for each in journal.records)
    return begun_ > sum(isinstance(each, CallEnded) for each in journal.records)


@cache
def _template(definition: str) -> ServiceTemplate:
    with tempfile.TemporaryDirectory() as folder:
        return load(Path(folder), definition, SCRIPT if definition is MODEL else None)


# What breaks a reply, in seconds that are small -------------------------------------------------


def _read(fault: Any, *, later: float = 0.0, timeout: float = 30.0) -> Case:
    return Case(fault, ask=Ask("GET", "/orders/a1", timeout=timeout), later=later)


BREAKING = (
    _read({"delay": "50ms"}, later=0.05),
    _read({"status": 503}),
    _read("refused"),
    _read({"connect_delay": "50ms"}, later=0.05),
    _read({"connect_delay": "1min"}, timeout=SOON, later=SOON),
    _read("unknown_host"),
    _read("reset"),
    _read({"reset": 5}),
    _read("empty"),
    _read({"cut": 5}),
    _read("stall", timeout=SOON, later=SOON),
    _read({"stall": 5}, timeout=SOON, later=SOON),
    _read("malformed"),
    _read({"slow": "1000/s"}, later=0.06),
    _read({"drip": "10ms", "lasts": "50ms"}, later=0.05),
    _read({"sliced": 10, "every": "10ms"}, later=0.06),
    _read({"slow_close": "50ms"}, later=0.05),
    _read({"slow_close": "1min"}, timeout=SOON, later=SOON),
    _read({"truncated": "50%"}),
    _read({"truncated": "0%"}),
    _read({"wrong_length": 9}),
    _read({"wrong_length": -9}),
    _read("malformed_chunk"),
    _read("garbage"),
    _read({"html": 200}),
    _read({"content_type": "text/plain"}),
    _read("invalid_utf8"),
    _read({"oversize": "1MB"}),
    Case("commit_then_lose", ask=WRITE),
    Case("commit_twice", ask=WRITE),
    Case("commit_nothing", ask=WRITE),
    Case({"commit_late": "50ms"}, ask=WRITE),
    Case("commit_reordered", ask=WRITE),
)

# What gives a reply that is sound and says something else ---------------------------------------


def _chat(fault: Any, text: str = "hello", *, later: float = 0.0, **more: Any) -> Case:
    tools = [{"type": "function", "function": {"name": "get_order", "parameters": TOOL}}]
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}
    body |= {"tools": tools} if text == "order" else {}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer k"}
    ask = Ask("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
    return Case(fault, service=MODEL, ask=ask, later=later)


TOOL = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
LABEL = {
    "type": "json_schema",
    "json_schema": {
        "name": "Label",
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string"}, "score": {"type": "number"}},
            "required": ["label", "score"],
        },
    },
}
MODELS = (
    _chat({"call_tool": {"name": "close", "arguments": {"id": "{{ session.vars.account }}"}}}),
    _chat("unknown_tool", "order"),
    _chat({"bad_arguments": "broken"}, "order"),
    _chat({"wrong_schema": "types"}, response_format=LABEL),
    _chat("refusal"),
    _chat("content_filter"),
    _chat({"cut_short": "50%"}),
    _chat({"low_confidence": 0.25}, logprobs=True),
    _chat("context_overflow"),
    _chat({"slow_tokens": "100/s"}, stream=True, later=0.05),
    _chat({"slow_first_token": "50ms"}, stream=True, later=0.05),
    _chat({"unfinished": "finish"}, stream=True),
    _chat("duplicate_chunk", stream=True),
    _chat({"error_event": 529}, stream=True),
    _chat("empty_choices"),
    _chat("missing_usage"),
)


def _rpc(
    fault: Any, method: str, *, later: float = 0.0, timeout: float = 30.0, **params: Any
) -> Case:
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    headers |= {"Mcp-Name": params["name"]} if "name" in params else {}
    body = message(method, **params, _meta={**MODERN, "progressToken": "p"})
    ask = replace(_posted(body, headers), timeout=timeout)
    return Case(fault, service=DESK, ask=ask, later=later)


def _posted(body: Any, headers: Mapping[str, str]) -> Ask:
    headers = {"Content-Type": "application/json", "Accept": ACCEPT, **headers}
    return Ask("POST", "/mcp", json.dumps(body).encode(), headers)


def _tool(fault: Any, **more: Any) -> Case:
    return _rpc(fault, "tools/call", name="get_order", arguments={"id": "A-1"}, **more)


ABOUT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
PROTOCOL = (
    _tool({"tool_error": "no"}),
    _tool({"tool_gone": "get_*"}),
    _rpc({"tool_schema": "*", "drop": ["id"]}, "tools/list"),
    _tool({"bad_output": "types"}),
    _tool({"rpc_error": -32603}),
    _tool({"rpc_malformed": "no_id"}),
    _tool("wrong_id"),
    _tool("duplicate_response"),
    _tool("no_response"),
    _tool({"endless_progress": "10ms", "count": 5}, timeout=SOON, later=SOON),
    Case(
        "session_lost",
        service=DESK,
        ask=_posted(message("tools/list"), {}),
        prepare=lambda service, ask: ask.bringing({"Mcp-Session-Id": begun(service)}),
    ),
    Case(
        {"protocol_version": "2020-01-01"},
        service=DESK,
        ask=_posted(message("initialize", **ABOUT), {}),
    ),
)


def _token(service: Any, kind: str, client: str = "desk", secret: str = "s3") -> str:
    return str(json.loads(token(service, client, secret).body())[kind])


def _bearing(*client: str) -> Callable[[Any, Ask], Ask]:
    return lambda service, ask: ask.bringing(bearer(_token(service, "access_token", *client)))


def _refreshing(service: Any, ask: Ask) -> Ask:
    fields = {"client_id": "desk", "client_secret": "s3", "grant_type": "refresh_token"}
    fields["refresh_token"] = _token(service, "refresh_token")
    return replace(ask, body=urlencode(fields).encode())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ACCOUNT = Ask("GET", "/accounts/a-1")
REFRESH = Ask("POST", "/oauth/token", b"", FORM)
AUTHORITY = (
    Case("token_expired", service=BANK, ask=ACCOUNT, prepare=_bearing()),
    Case(
        "refresh_refused",
        service=BANK,
        ask=Ask("POST", "/oauth/token", b"", FORM),
        prepare=_refreshing,
    ),
    Case("narrower_scope", service=BANK, ask=ACCOUNT, prepare=_bearing()),
    Case(
        {"wider_scope": ["accounts:write"]},
        service=BANK,
        ask=Ask("POST", "/accounts", b'{"id": "a-2"}', {"Content-Type": "application/json"}),
        prepare=_bearing("kiosk", "s4"),
    ),
)
DATA = tuple(
    _read({name: "1d" if name == "stale" else True})
    for name, fault in FAULTS.items()
    if issubclass(fault, DataFault)
)
SAYING = (*MODELS, *PROTOCOL, *AUTHORITY, *DATA)
