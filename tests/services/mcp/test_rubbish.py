"""Nothing that a client sends raises out of the service, and every reply can be played."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.keyed import Draw
from evalkit.services.mcp.uris import UriProblem, parse_uri
from evalkit.wire import Head, Reply, Request
from tests.services.mcp.support import MODERN, begun, desk

SERVICE = desk()
SESSION = begun(SERVICE)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
METHODS = st.sampled_from(
    [
        *("initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/read"),
        *("resources/templates/list", "prompts/list", "prompts/get", "server/discover"),
        *("subscriptions/listen", "notifications/cancelled", "notifications/initialized"),
    ]
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["get_order", "create_ticket", "sorry"]) | JSON,
        "arguments": st.dictionaries(
            st.sampled_from(["id", "subject", "request_id", "order"]), JSON
        )
        | JSON,
        "uri": st.sampled_from(["desk://rules", "desk://orders/%ff", "desk://logo"]) | JSON,
        "cursor": JSON,
        "protocolVersion": JSON,
        "notifications": JSON,
        "_meta": st.just(MODERN) | JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "id": st.integers() | st.text() | JSON,
        "method": METHODS | JSON,
        "params": PARAMS | JSON,
    },
)
BODIES = (
    st.binary(max_size=100)
    | JSON.map(lambda value: json.dumps(value).encode())
    | MESSAGES.map(lambda value: json.dumps(value).encode())
)
HEADERS = st.fixed_dictionaries(
    {
        "content-type": st.just("application/json") | st.text(max_size=10),
        "accept": st.just("*/*") | st.text(max_size=10),
    },
    optional={
        "mcp-session-id": st.just(SESSION) | st.text(max_size=10),
        "mcp-protocol-version": st.sampled_from(["2025-11-25", "2026-07-28"])
        | st.text(max_size=10),
        "mcp-method": METHODS,
        "mcp-name": st.just("=?base64?w6Q=?=") | st.text(max_size=10),
    },
)


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(["POST", "POST", "POST", "GET", "DELETE", "PUT"]), BODIES, HEADERS)
def test_whatever_comes_is_answered(method: str, body: bytes, headers: dict[str, str]) -> None:
    request = Request(
        method=method,
        path="/mcp",
        host="mock",
        headers=tuple(headers.items()),
        body=body,
        draw=Draw("rubbish"),
    )
    operation = SERVICE.operation(request)
    reply = asyncio.run(SERVICE.handle(request))
    assert operation
    assert operation.isprintable()
    assert any(isinstance(step, Head) for step in reply.plan)
    check_body(reply)


def check_body(reply: Reply) -> None:
    """The body is what the headers say."""
    headers = dict(reply.headers)
    if headers.get("content-type") == "application/json":
        assert json.loads(reply.body())["jsonrpc"] == "2.0"
        assert int(headers["content-length"]) == len(reply.body())
    elif headers.get("content-type") == "text/event-stream":
        assert reply.chunked
    else:
        assert headers["content-length"] == "0"


@given(st.text(max_size=40), st.text(max_size=40))
def test_uris_of_all_kinds(text: str, uri: str) -> None:
    try:
        pattern = parse_uri(f"x://{text}")
    except UriProblem:
        return
    fits = pattern.fit(uri)
    assert fits is None or set(fits) == set(pattern.parameters)
    if not pattern.parameters:
        assert pattern.fit(pattern.text) == {}
