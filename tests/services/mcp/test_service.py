"""Streamable HTTP: what the transport asks of a client and gives it."""

import pytest

from evalkit.wire import Caller, Stall
from tests.services.asking import ask, header
from tests.services.mcp.support import (
    ACCEPT,
    SECOND,
    begun,
    bodies,
    called,
    desk,
    error,
    message,
    post,
    result,
)

LIST = message("tools/list")


def test_a_session_is_begun_used_and_ended():
    service = desk()
    session = begun(service)
    assert post(service, LIST, session=session).status == 200
    ended = ask(service, "DELETE", "/mcp", headers={"Mcp-Session-Id": session})
    assert (ended.status, ended.body()) == (200, b"")
    gone = post(service, LIST, session=session)
    assert (gone.status, error(gone)["code"]) == (404, -32600)


def test_every_session_has_an_id_of_its_own():
    service = desk()
    assert len({begun(service), begun(service), begun(service, draw="other")}) == 3
    # The same call in another world begins the session of the same id.
    assert begun(desk()) == begun(desk())


def test_a_reply_that_was_never_taken_on_begins_no_session():
    from tests.services.asking import handled, request

    service = desk()
    headers = {"Content-Type": "application/json", "Accept": ACCEPT}
    asked = request("POST", "/mcp", message("initialize"), headers=headers)
    lost = handled(service, asked, commit=False)
    assert post(service, LIST, session=header(lost, "mcp-session-id")).status == 404


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
        (None, "2025-11-25"),
        (7, "2025-11-25"),
    ],
)
def test_the_revision_is_negotiated(wanted, given):
    reply = post(desk(), message("initialize", protocolVersion=wanted))
    assert result(reply)["protocolVersion"] == given


# What is posted, with which headers, and what is answered: status, code, and what is complained of.
REFUSED = [
    (LIST, {"Mcp-Session-Id": None}, 400, -32600, "Missing session ID"),
    (LIST, {"Mcp-Session-Id": "?"}, 404, -32600, None),
    (LIST, {"MCP-Protocol-Version": "1999-01-01"}, 400, -32022, None),
    (LIST, {"Accept": "application/json"}, 406, -32600, "must accept text/event-stream"),
    (LIST, {"Accept": "text/event-stream"}, 406, -32600, "must accept application/json"),
    (LIST, {"Accept": None}, 406, -32600, "must accept"),
    (LIST, {"Content-Type": "text/plain"}, 415, -32600, "must be application/json"),
    (b"{", {}, 400, -32700, "not JSON"),
    (b"", {}, 400, -32700, "empty"),
    (b"\xff", {}, 400, -32700, "UTF-8"),
    (b"1", {}, 400, -32600, '"jsonrpc": "2.0"'),
    ([LIST], {}, 400, -32600, "batches"),
    ({"id": 1, "method": "ping"}, {}, 400, -32600, '"jsonrpc": "2.0"'),
    ({"jsonrpc": "2.0", "id": 1}, {}, 400, -32600, "`method`"),
    ({"jsonrpc": "2.0", "id": 1, "method": 5}, {}, 400, -32600, "no text"),
    ({"jsonrpc": "2.0", "id": None, "method": "ping"}, {}, 400, -32600, "`id`"),
    ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, {}, 400, -32600, "`id`"),
    ({"jsonrpc": "2.0", "id": True, "method": "ping"}, {}, 400, -32600, "`id`"),
    ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, {}, 400, -32602, "`params`"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code", "complaint"), REFUSED)
def test_what_the_transport_refuses(body, headers, status, code, complaint):
    service = desk()
    reply = post(service, body, headers={"Mcp-Session-Id": begun(service), **headers})
    assert (reply.status, error(reply)["code"]) == (status, code)
    assert complaint in reply.complaint if complaint else reply.complaint is None


# What is asked within a session, and the error: they are errors of the protocol, not of HTTP.
ERRORS = [
    (message("tools/cal"), -32601, "Method not found", "no method `tools/cal`"),
    (message("server/discover"), -32601, "Method not found", "no method"),
    (message("completion/complete"), -32601, "Method not found", "no method"),
    (message("tools/call", name="nothing"), -32602, "Unknown tool: nothing", "there is no tool"),
    (message("tools/call"), -32602, "Invalid params: `name` must be a text", None),
    (message("tools/call", name="list_all", arguments=[]), -32602, "must be an object", None),
    (message("tools/list", cursor="?"), -32602, "is no cursor of this list", "is no cursor"),
    (message("tools/list", cursor="dG9vbHM6OTk="), -32602, "is no cursor", "is no cursor"),
    (message("tools/list", cursor="cHJvbXB0czox"), -32602, "is no cursor", "is no cursor"),
    (
        message("resources/read", uri="desk://x"),
        -32002,
        "Resource not found: desk://x",
        "there are",
    ),
    (message("prompts/get", name="x"), -32602, "Unknown prompt: x", "there are: sorry"),
    (message("prompts/get", name="sorry"), -32602, "`order` is missing", None),
    (
        message("prompts/get", name="sorry", arguments={"order": 1}),
        *(-32602, "`order` is no text", None),
    ),
]


@pytest.mark.parametrize(("body", "code", "text", "complaint"), ERRORS)
def test_errors_of_the_protocol(body, code, text, complaint):
    service = desk()
    reply = post(service, body, session=begun(service))
    assert (reply.status, reply.failed, error(reply)["code"]) == (200, True, code)
    assert text in error(reply)["message"]
    assert complaint in reply.complaint if complaint else reply.complaint is None


@pytest.mark.parametrize(
    "body",
    [
        message("notifications/initialized", None),
        message("notifications/cancelled", None, requestId=1),
        message("notifications/unheard_of", None),
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}},
    ],
)
def test_what_needs_no_response_is_accepted(body):
    service = desk()
    reply = post(service, body, session=begun(service))
    assert (reply.status, reply.body(), header(reply, "content-type")) == (202, b"", None)


@pytest.mark.parametrize("id", [0, 7, -1, "a", "", 10**30])
def test_the_id_comes_back_as_it_was(id):  # noqa: A002
    service = desk()
    reply = post(service, message("ping", id), session=begun(service))
    assert bodies(reply) == [{"jsonrpc": "2.0", "id": id, "result": {}}]


@pytest.mark.parametrize(
    ("method", "body", "operation"),
    [
        ("POST", message("initialize"), "initialize"),
        ("POST", message("notifications/initialized", None), "notifications/initialized"),
        ("POST", LIST, "tools/list"),
        ("POST", message("tools/call", name="get_order"), "tools/call get_order"),
        (
            "POST",
            message("tools/call", name="un\nknown" * 50),
            "tools/call " + ("un?known" * 13)[:100],
        ),
        ("POST", message("tools/call", name=5), "tools/call"),
        ("POST", message("prompts/get", name="sorry"), "prompts/get sorry"),
        (
            "POST",
            message("resources/read", uri="desk://orders/1"),
            "resources/read desk://orders/{id}",
        ),
        ("POST", message("resources/read", uri="desk://x"), "resources/read desk://x"),
        ("POST", {"jsonrpc": "2.0", "id": 1, "result": {}}, "response"),
        ("POST", b"{", "POST /mcp"),
        ("GET", b"", "GET stream"),
        ("DELETE", b"", "DELETE session"),
        ("PUT", b"", "PUT /mcp"),
    ],
)
def test_operations(method, body, operation):
    from tests.services.asking import request

    assert desk().operation(request(method, "/mcp", body)) == operation


def test_another_path_is_not_found():
    reply = ask(desk(), "POST", "/sse", {})
    assert (reply.status, reply.complaint) == (404, "no endpoint at `/sse`; it is at /mcp")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_not_allowed(method):
    reply = ask(desk(), method, "/mcp")
    assert (reply.status, header(reply, "allow")) == (405, "GET, POST, DELETE")


def test_the_get_stream_stays_open():
    service = desk()
    headers = {"Mcp-Session-Id": begun(service), "Accept": "text/event-stream"}
    reply = ask(service, "GET", "/mcp", headers=headers)
    assert (reply.status, reply.stays_open, bodies(reply)) == (200, True, [])
    assert isinstance(reply.plan[-1], Stall)
    refused = ask(service, "GET", "/mcp", headers={**headers, "Accept": "application/json"})
    assert refused.status == 406


def test_a_session_lives_as_long_as_it_is_given():
    service = desk(session_lifetime="10s")
    session = begun(service, at=SECOND)
    assert post(service, LIST, session=session, at=11 * SECOND).status == 200
    assert post(service, LIST, session=session, at=11 * SECOND + 1).status == 404


def test_a_server_without_sessions():
    service = desk(sessions=False)
    reply = post(service, message("initialize", protocolVersion="2025-06-18"))
    assert header(reply, "mcp-session-id") is None
    assert post(service, LIST).status == 200
    assert ask(service, "GET", "/mcp", headers={"Accept": "text/event-stream"}).status == 405
    assert ask(service, "DELETE", "/mcp").status == 405


def test_a_server_of_one_revision():
    service = desk(revisions=["2025-03-26"])
    reply = post(service, message("initialize", protocolVersion="2025-11-25"))
    assert result(reply)["protocolVersion"] == "2025-03-26"
    probe = post(
        service, message("server/discover"), headers={"MCP-Protocol-Version": "2026-07-28"}
    )
    assert error(probe)["data"] == {"supported": ["2025-03-26"], "requested": "2026-07-28"}


@pytest.mark.parametrize("caller", [None, Caller(session="s-9", turn=1, vars={"name": "Bo"})])
def test_who_asks_is_who_templates_see(caller):
    service = desk()
    reply = called(service, begun(service), "get_order", {"id": "A-1"}, caller=caller)
    if caller is None:
        assert "not attributed to a session" in reply.complaint
        assert error(reply)["code"] == -32603
    else:
        assert result(reply)["structuredContent"] == {"status": "Bo"}
