"""The revision without sessions: envelopes, headers, statuses, and the stream of changes."""

import pytest

from evalkit.services.mcp.envelope import check_envelope
from evalkit.services.mcp.rpc import Message, RpcError
from tests.services.asking import ask, header
from tests.services.mcp.support import (
    MODERN,
    SECOND,
    bodies,
    desk,
    due,
    error,
    message,
    modern,
    post,
    result,
)

VERSION = {"MCP-Protocol-Version": "2026-07-28"}


def test_a_server_is_discovered():
    reply = modern(desk(instructions="Be kind."), "server/discover")
    assert header(reply, "mcp-session-id") is None
    assert result(reply) == {
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
        "supportedVersions": ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
        "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
        "instructions": "Be kind.",
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "mock", "version": "1.0.0"}},
    }


@pytest.mark.parametrize(
    ("method", "params", "cached"),
    [
        ("tools/list", {}, True),
        ("tools/call", {"name": "list_all"}, False),
        ("resources/list", {}, True),
        ("resources/templates/list", {}, True),
        ("resources/read", {"uri": "desk://rules"}, True),
        ("prompts/list", {}, True),
        ("prompts/get", {"name": "sorry", "arguments": {"order": "1"}}, False),
    ],
)
def test_results_say_what_they_are(method, params, cached):
    said = result(modern(desk(), method, **params))
    assert said["resultType"] == "complete"
    assert ("ttlMs" in said, "cacheScope" in said) == (cached, cached)


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("initialize_", {}, 404, -32601),
        ("ping", {}, 404, -32601),
        ("logging/setLevel", {}, 404, -32601),
        ("tools/call", {"name": "nothing"}, 400, -32602),
        ("resources/read", {"uri": "desk://x"}, 400, -32602),
        ("tools/list", {"cursor": "?"}, 400, -32602),
    ],
)
def test_errors_have_a_status(method, params, status, code):
    reply = modern(desk(), method, **params)
    assert (reply.status, error(reply)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, message("tools/list"), -32602),
        ({}, message("tools/list", _meta={**MODERN, "x": 1}), -32020),
        ({"Mcp-Method": "tools/call"}, message("tools/list", _meta=MODERN), -32020),
        ({"Mcp-Method": "tools/call"}, message("tools/call", name="a", _meta=MODERN), -32020),
        (
            {"Mcp-Method": "tools/call", "Mcp-Name": "b"},
            message("tools/call", name="a", _meta=MODERN),
            -32020,
        ),
    ],
)
def test_headers_and_body_must_agree(headers, body, code):
    reply = post(desk(), body, headers={**VERSION, **headers})
    assert (reply.status, error(reply)["code"]) == (400, code)
    assert reply.complaint


@pytest.mark.parametrize(
    ("given", "name", "fits"),
    [
        ("=?base64?w6Q=?=", "ä", True),
        ("=?base64?!?=", "ä", False),
        ("=?base64?/w==?=", "ä", False),
        ("a", "a", True),
    ],
)
def test_names_that_no_header_can_hold_are_encoded(given, name, fits):
    asked = Message(method="tools/call", id=1, params={"name": name, "_meta": MODERN})
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": given}
    if fits:
        check_envelope(asked, headers)
    else:
        with pytest.raises(RpcError):
            check_envelope(asked, headers)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_sessions_to_open_or_end(method):
    assert ask(desk(), method, "/mcp", headers=VERSION).status == 405


def test_notifications_are_accepted_and_dropped():
    body = message("notifications/cancelled", None, requestId=1)
    assert post(desk(), body, headers=VERSION).status == 202


def test_changes_are_told_to_those_who_listen():
    changes = [{"after": "10s", "remove": ["get_order"]}, {"after": "20s", "remove": ["list_all"]}]
    service = desk(changes=changes)
    modern(service, "tools/list")
    wanted = {"toolsListChanged": True, "promptsListChanged": True}
    reply = modern(service, "subscriptions/listen", notifications=wanted)
    assert reply.stays_open
    assert due(reply) == [0, 10 * SECOND, 20 * SECOND]
    acknowledged, *told = bodies(reply)
    meta = {"io.modelcontextprotocol/subscriptionId": 1}
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert acknowledged["params"] == {"notifications": {"toolsListChanged": True}, "_meta": meta}
    assert [each["method"] for each in told] == ["notifications/tools/list_changed"] * 2
    assert all(each["params"] == {"_meta": meta} for each in told)


@pytest.mark.parametrize("wanted", [{}, {"toolsListChanged": False}, {"toolsListChanged": 1}])
def test_nobody_is_told_what_they_do_not_want_to_know(wanted):
    service = desk(changes=[{"after": "10s", "remove": ["get_order"]}])
    reply = modern(service, "subscriptions/listen", notifications=wanted)
    assert [each["params"]["notifications"] for each in bodies(reply)] == [{}]


def test_a_session_before_is_no_session_now():
    service = desk(revisions=["2026-07-28"])
    refused = post(service, message("initialize", protocolVersion="2025-11-25"))
    assert (refused.status, error(refused)["code"]) == (400, -32022)
    assert error(refused)["data"]["supported"] == ["2026-07-28"]
    assert error(post(service, message("tools/list")))["code"] == -32022
