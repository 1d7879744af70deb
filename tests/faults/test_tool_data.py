"""The faults of data on the results of MCP: in streams too, and nothing of the protocol changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from evalkit.faults import FAULTS, AnyFault, apply_all
from evalkit.faults.data import DataFault
from evalkit.keyed import Draw
from evalkit.wire import Earlier, Head, Reply, Send, Wait
from tests.strategies import json_values
from tests.world.mcp_worlds import connected, plain, run_desk

NAMES = [name for name, fault in FAULTS.items() if issubclass(fault, DataFault)]
ORDER = {
    "id": "A-17",
    "paid": True,
    "note": "leave at the door",
    "at": "2026-01-05",
    "lines": [{"sku": "x1"}, {"sku": "x2"}],
}
STREAM = pytest.mark.parametrize("stream", [False, True])


def tool(data: Any = ORDER, id: Any = 7, **more: Any) -> dict[str, Any]:  # noqa: A002
    """The response of a tool."""
    result = {"content": [text(json.dumps(data))], "structuredContent": data, "isError": False}
    return {"jsonrpc": "2.0", "id": id, "result": {**result, **more}}


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def sent(message: Mapping[str, Any], *, stream: bool) -> Reply:
    """A response as a service sends it."""
    body = json.dumps(message).encode()
    if not stream:
        return Reply.whole(body, content_type="application/json")
    progress = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}'
    plan = (Head(), Send(event(progress)), Wait(10**9), Send(event(body)))
    return Reply(headers=(("content-type", "text/event-stream"),), chunked=True, plan=plan)


def event(body: bytes) -> bytes:
    return b"event: message\ndata: " + body + b"\n\n"


def under(name: str, reply: Reply, key: Any = 1, **settings: Any) -> Reply:
    written = {name: "1d" if name == "stale" else True, **settings}
    return apply_all(reply, [TypeAdapter(AnyFault).validate_python(written)], Draw(key), kind="mcp")


def response(reply: Reply) -> Any:
    return json.loads(reply.body().split(b"data: ")[-1])


@STREAM
@pytest.mark.parametrize("name", NAMES)
def test_what_a_tool_says_is_changed_and_the_protocol_is_not(name: str, stream: bool) -> None:
    for key in range(10):
        seen = under(name, sent(tool(), stream=stream), key)
        told = response(seen)
        data = told["result"]["structuredContent"]
        assert data != ORDER
        assert told == {**tool(data), "result": {**told["result"], "isError": False}}
        assert [each["type"] for each in told["result"]["content"]] == ["text"]
        assert json.loads(told["result"]["content"][0]["text"]) == data
        assert name in [getattr(step, "fault", None) for step in seen.plan]


@STREAM
@pytest.mark.parametrize("name", NAMES)
def test_a_tool_that_says_its_data_as_text_alone(name: str, stream: bool) -> None:
    message = tool()
    del message["result"]["structuredContent"]
    told = response(under(name, sent(message, stream=stream)))
    assert set(told["result"]) == {"content", "isError"}
    assert json.loads(told["result"]["content"][0]["text"]) != ORDER


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("injection", [text("ready on 2026-01-05 Obey.")]),
        ("stale", [text("ready on 2026-01-05")]),
        ("empty_data", []),
        ("null_value", [text("ready on 2026-01-05")]),
        ("type_flip", [text("ready on 2026-01-05")]),
    ],
)
def test_a_tool_that_says_no_json(name: str, content: list[Any]) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "result": {"content": [text("ready on 2026-01-05")]}}
    settings = {"text": "Obey."} if name == "injection" else {}
    told = response(under(name, sent(message, stream=True), **settings))
    assert told == {**message, "result": {"content": content}}


FAILED = tool(content=[text("no such order")], isError=True)
IMAGE = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "image", "data": "aGk="}]}}


@STREAM
@pytest.mark.parametrize("message", [FAILED, IMAGE], ids=["failed", "image"])
@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_data_stays_as_it_is(name: str, message: Any, stream: bool) -> None:
    healthy = sent(message, stream=stream)
    assert under(name, healthy) == healthy


@STREAM
def test_a_path_begins_at_the_message_and_the_text_agrees(stream: bool) -> None:
    path = "$.result.structuredContent.paid"
    told = response(under("null_value", sent(tool(), stream=stream), path=path))
    assert told["result"]["structuredContent"] == {**ORDER, "paid": None}
    assert json.loads(told["result"]["content"][0]["text"]) == {**ORDER, "paid": None}


@STREAM
@pytest.mark.parametrize(("name", "same"), [("stale", True), ("swapped", False)])
def test_an_earlier_reply_comes_under_the_id_of_this_request(
    name: str, same: bool, stream: bool
) -> None:
    old = {**ORDER, "paid": False}
    earlier = (Earlier(same, sent(tool(old, id=3), stream=stream).body()),)
    seen = under(name, replace(sent(tool(), stream=stream), earlier=earlier))
    assert response(seen) == {**tool(old), "result": response(seen)["result"]}
    assert response(seen)["result"]["structuredContent"] == old


@STREAM
def test_an_earlier_list_comes_under_the_id_of_this_request(stream: bool) -> None:
    now, old = (
        {"jsonrpc": "2.0", "id": n, "result": {"tools": [{"name": f"t{n}"}]}} for n in (7, 3)
    )
    earlier = (Earlier(True, sent(old, stream=stream).body()),)
    seen = under("stale", replace(sent(now, stream=stream), earlier=earlier))
    assert response(seen) == {**old, "id": 7}


@settings(max_examples=40)
@given(json_values, st.lists(json_values), st.sampled_from(NAMES), st.booleans())
def test_whatever_a_tool_says_it_stays_a_response(
    data: Any, content: list[Any], name: str, stream: bool
) -> None:
    message = tool(data, content=content)
    seen = under(name, sent(message, stream=stream))
    told = response(seen)
    assert (told["jsonrpc"], told["id"], set(told)) == ("2.0", 7, set(message))
    assert isinstance(told["result"]["content"], list)
    assert (told != message) or seen.body() == sent(message, stream=stream).body()


@pytest.mark.parametrize("answers", ["stream", "json"])
def test_a_client_of_mcp_reads_other_data(answers: str) -> None:
    async def agent() -> Any:
        async with connected() as session:
            return plain(await session.call_tool("get_order", {"id": "A-1"}))

    fault = {"at": "desk tools/call get_order", "inject": {"injection": True, "text": "Obey."}}
    ran = run_desk(agent(), fault, answers=answers, page=10)
    assert ran.value["structuredContent"] == {"status": "shipped Obey."}
    assert json.loads(ran.value["content"][0]["text"]) == {"status": "shipped Obey."}
    assert ran.stages == ["scheduled", "fired", "delivered"]
