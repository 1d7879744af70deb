"""The faults of MCP: what they do to a response, plain or in a stream, and to what holds none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evalkit.faults import FAULTS, AnyFault, Fault, apply_all
from evalkit.keyed import Draw
from evalkit.wire import Cut, Effect, Head, Reply, Reset, Send, Stall, Wait

MCP = (
    *("tool_error", "tool_gone", "tool_schema", "bad_output", "rpc_error", "rpc_malformed"),
    *("wrong_id", "duplicate_response", "no_response", "endless_progress", "session_lost"),
    "protocol_version",
)
EXAMPLES: dict[str, Any] = {
    "tool_error": "no",
    "tool_gone": "*",
    "tool_schema": {"tool_schema": "*", "drop": ["id"]},
    "bad_output": "types",
    "rpc_error": -32603,
    "rpc_malformed": "no_id",
    "wrong_id": True,
    "duplicate_response": True,
    "no_response": True,
    "endless_progress": "1s",
    "session_lost": True,
    "protocol_version": "2020-01-01",
}
EFFECT = Effect(name="ticket")
CALLED = {
    "content": [{"type": "text", "text": "{}"}],
    "isError": False,
    "structuredContent": {"a": "b", "n": 1},
}
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}, "n": {}}, "required": ["id"]}
LISTED = {
    "tools": [{"name": "get_order", "inputSchema": SCHEMA}, {"name": "make"}],
    "nextCursor": "x",
}
STREAM = pytest.mark.parametrize("stream", [False, True])


def fault(name: str, **more: Any) -> Fault:
    """The fault by its name, as an example or with these settings."""
    written = EXAMPLES[name] if not more else {name: EXAMPLES[name], **more}
    if not isinstance(written, dict):
        written = {name: written}
    return TypeAdapter(AnyFault).validate_python(written)


def written(value: Any) -> Fault:
    return TypeAdapter(AnyFault).validate_python(value)


def reply(result: Any, *, stream: bool, route: str = "tools/call get_order", id: Any = 7) -> Reply:  # noqa: A002
    """A response as the service sends it: after a second, and with an effect."""
    body = json.dumps({"jsonrpc": "2.0", "id": id, "result": result}).encode()
    if not stream:
        whole = Reply.whole(body, content_type="application/json").after(10**9)
    else:
        progress = {"method": "notifications/progress", "params": {"progressToken": "t"}}
        first = json.dumps({"jsonrpc": "2.0", **progress}).encode()
        plan = (Head(), Send(event(first)), Wait(10**9), Send(event(body)))
        whole = Reply(headers=(("content-type", "text/event-stream"),), chunked=True, plan=plan)
    return Reply(
        headers=whole.headers,
        chunked=whole.chunked,
        plan=whole.plan,
        effects=(EFFECT,),
        taken=(lambda: None,),
        route=route,
    )


def event(body: bytes) -> bytes:
    return b"event: message\ndata: " + body + b"\n\n"


def hit(given: Reply, *faults: Fault) -> Reply:
    return apply_all(given, faults, Draw("test"), kind="mcp")


def messages(given: Reply) -> list[Any]:
    """All messages that would be sent."""
    if not dict(given.headers)["content-type"].startswith("text/event-stream"):
        return [json.loads(given.body())]
    events = [each for each in given.body().decode().split("\n\n") if "data: " in each]
    return [json.loads(each.split("data: ", 1)[1]) for each in events]


def response(given: Reply) -> Any:
    """The last message."""
    return messages(given)[-1]


# A fault, what was the result, and the response that comes of it.
CHANGED = [
    (
        {"tool_error": "no"},
        CALLED,
        {"result": {"content": [{"type": "text", "text": "no"}], "isError": True}},
    ),
    ({"rpc_error": -32603}, CALLED, {"error": {"code": -32603, "message": "Internal error"}}),
    ({"rpc_error": -1}, CALLED, {"error": {"code": -1, "message": "Server error"}}),
    (
        {"rpc_error": -32000, "message": "m", "data": {"a": 1}},
        *(CALLED, {"error": {"code": -32000, "message": "m", "data": {"a": 1}}}),
    ),
    (
        {"tool_gone": "get_*"},
        CALLED,
        {"error": {"code": -32602, "message": "Unknown tool: get_order"}},
    ),
    ({"tool_gone": "get_*"}, LISTED, {"result": {**LISTED, "tools": LISTED["tools"][1:]}}),
    (
        {"tool_gone": "make", "renamed": "do"},
        *(LISTED, {"result": {**LISTED, "tools": [LISTED["tools"][0], {"name": "do"}]}}),
    ),
    (
        {"bad_output": "missing"},
        CALLED,
        {"result": {k: v for k, v in CALLED.items() if k != "structuredContent"}},
    ),
    ({"bad_output": "empty"}, CALLED, {"result": {**CALLED, "structuredContent": {}}}),
    (
        {"bad_output": "types"},
        CALLED,
        {"result": {**CALLED, "structuredContent": {"a": 0, "n": "1"}}},
    ),
    ({"wrong_id": True}, CALLED, {"id": 1000007, "result": CALLED}),
    ({"rpc_malformed": "neither"}, CALLED, {}),
    (
        {"rpc_malformed": "both"},
        *(CALLED, {"result": CALLED, "error": {"code": -32603, "message": "Internal error"}}),
    ),
    (
        {"protocol_version": "2020-01-01"},
        *({"protocolVersion": "2025-11-25"}, {"result": {"protocolVersion": "2020-01-01"}}),
    ),
    (
        {"protocol_version": "2020-01-01"},
        *({"supportedVersions": ["2026-07-28"]}, {"result": {"supportedVersions": ["2020-01-01"]}}),
    ),
]


@STREAM
@pytest.mark.parametrize(("wanted", "result", "expected"), CHANGED)
def test_what_becomes_of_a_response(wanted: Any, result: Any, expected: Any, stream: bool) -> None:
    route = "tools/list" if result is LISTED else "tools/call get_order"
    healthy = reply(result, stream=stream, route=route)
    broken = hit(healthy, written(wanted))
    assert response(broken) == {"jsonrpc": "2.0", "id": 7, **expected}
    assert [step.ns for step in broken.plan if isinstance(step, Wait)] == [10**9]
    assert {step.fault for step in broken.plan} == {None, next(iter(wanted))}
    length = dict(broken.headers).get("content-length")
    assert length == (None if stream else str(len(broken.body())))


@STREAM
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("no_version", {"id": 7, "result": 1}),
        ("no_id", {"jsonrpc": "2.0", "result": 1}),
        ("batch", [{"jsonrpc": "2.0", "id": 7, "result": 1}]),
        ("text", "ok"),
    ],
)
def test_what_is_no_response(shape: str, expected: Any, stream: bool) -> None:
    assert response(hit(reply(1, stream=stream), written({"rpc_malformed": shape}))) == expected


@STREAM
def test_the_schema_that_lists_show(stream: bool) -> None:
    other = {"tool_schema": "get_*", "rename": {"id": "order"}, "drop": ["n"], "require": ["why"]}
    listed = response(hit(reply(LISTED, stream=stream, route="tools/list"), written(other)))
    schema = listed["result"]["tools"][0]["inputSchema"]
    assert schema["properties"] == {"order": {"type": "string"}, "why": {"type": "string"}}
    assert schema["required"] == ["order", "why"]
    assert listed["result"]["tools"][1] == {"name": "make"}


@pytest.mark.parametrize(
    ("id", "other"),
    [(1, 1_000_001), ("a", "a-other"), (None, "None-other")],
)
def test_the_id_of_nobody(id: Any, other: Any) -> None:  # noqa: A002
    assert response(hit(reply(1, stream=False, id=id), fault("wrong_id")))["id"] == other


@STREAM
def test_a_response_that_comes_twice(stream: bool) -> None:
    twice = hit(reply(CALLED, stream=stream), fault("duplicate_response"))
    one, two = messages(twice)[-2:]
    assert one == two
    assert twice.chunked
    assert "content-length" not in dict(twice.headers)


@STREAM
@pytest.mark.parametrize(
    ("how", "end"),
    [(True, Send), ("end", Send), ("cut", Cut), ("reset", Reset), ("stall", Stall)],
)
def test_a_stream_without_a_response(how: Any, end: type, stream: bool) -> None:
    lost = hit(reply(CALLED, stream=stream), written({"no_response": how}))
    assert all("id" not in each for each in messages(lost))
    assert isinstance(lost.plan[-1], end)
    assert lost.plan[-1].fault == "no_response"
    assert sum(isinstance(step, Head) for step in lost.plan) == 1


@STREAM
def test_progress_without_an_end(stream: bool) -> None:
    endless = hit(reply(CALLED, stream=stream), fault("endless_progress", count=5))
    told = [each["params"] for each in messages(endless)][-5:]
    assert [each["progressToken"] for each in told] == (["t"] if stream else [7]) * 5
    progress = [each["progress"] for each in told]
    assert progress == sorted(progress)
    assert progress[-1] < 100
    assert isinstance(endless.plan[-1], Stall)


@STREAM
def test_a_session_that_nobody_knows(stream: bool) -> None:
    lost = hit(reply(CALLED, stream=stream), fault("session_lost"))
    assert (lost.status, response(lost)["id"], response(lost)["error"]["code"]) == (404, 7, -32600)
    assert {step.fault for step in lost.plan if not isinstance(step, Wait)} == {"session_lost"}


@STREAM
@pytest.mark.parametrize("name", MCP)
def test_whether_anything_was_done(name: str, stream: bool) -> None:
    """A service that answers with an error did nothing; one whose answer is lost or odd did."""
    broken = hit(reply(CALLED, stream=stream), fault(name))
    undone = name in ("tool_error", "tool_gone", "rpc_error", "session_lost")
    assert (broken.effects, len(broken.taken)) == (((), 0) if undone else ((EFFECT,), 1))


PLAIN = [
    Reply.json({"id": 1}),
    Reply.whole(b"no JSON", content_type="application/json"),
    Reply(status=202, plan=(Head(),)),
    Reply(
        headers=(("content-type", "text/event-stream"),),
        chunked=True,
        plan=(Head(), Send(b": hi\n\n"), Send(b"data: [DONE]\n\n"), Stall()),
        stays_open=True,
    ),
]


@pytest.mark.parametrize("name", [each for each in MCP if each != "session_lost"])
@pytest.mark.parametrize("healthy", PLAIN)
def test_what_holds_no_response_stays_as_it_is(healthy: Reply, name: str) -> None:
    assert hit(healthy, fault(name)) == healthy


@pytest.mark.parametrize("name", ["tool_error", "bad_output", "tool_schema", "protocol_version"])
def test_an_error_stays_as_it_is(name: str) -> None:
    error = Reply.json({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "no"}})
    assert hit(error, fault(name)) == error


@STREAM
def test_every_fault_of_several_comes_about(stream: bool) -> None:
    both = hit(reply(CALLED, stream=stream), fault("bad_output"), fault("wrong_id"))
    assert {"bad_output", "wrong_id"} <= {step.fault for step in both.plan}
    assert response(both)["id"] == 1000007
    assert response(both)["result"]["structuredContent"] == {"a": 0, "n": "1"}


@given(
    st.permutations([name for name in MCP if name != "endless_progress"]).map(
        lambda all_: all_[:4]
    ),
    st.booleans(),
)
def test_faults_go_along_with_each_other(names: list[str], stream: bool) -> None:
    broken = hit(reply(LISTED, stream=stream), *(fault(each) for each in names))
    heads = [step for step in broken.plan if isinstance(step, Head)]
    assert len(heads) == 1
    if not broken.chunked:
        assert dict(broken.headers)["content-length"] == str(len(broken.body()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rpc_error": "x"},
        {"rpc_error": True},
        {"bad_output": "odd"},
        {"tool_schema": "a"},
        {"endless_progress": "0s"},
        {"endless_progress": "1s", "count": 0},
        {"no_response": "boom"},
        {"wrong_id": False},
        {"tool_gone": None},
        "rpc_error",
    ],
)
def test_wrong_settings(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        written(wrong)


def test_all_are_in_the_table() -> None:
    assert set(MCP) <= set(FAULTS)
