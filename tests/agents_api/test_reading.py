"""How a reply is read out of an HTTP response."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.agents import AgentFailed, Reply
from evalkit.agents.calling import Response
from evalkit.agents.reading import ReplyReader
from evalkit.jsonpaths import parsed
from evalkit.suite.model import ReplyMapping

MAPPINGS = {
    "text": "$.text",
    "answer": "$.meta.answer",
    "confidence": "$.meta.confidence",
    "context": "$.context",
    "error": "$.error",
}


def answered(body: str | bytes, kind: str = "application/json", status: int = 200) -> Response:
    data = body if isinstance(body, bytes) else body.encode()
    return Response(status=status, headers=(("content-type", f"{kind}; charset=utf-8"),), body=data)


def stream(*data: Any, name: str = "") -> Response:
    head = f"event: {name}\n" if name else ""
    lines = [each if isinstance(each, str) else json.dumps(each) for each in data]
    return answered("".join(f"{head}data: {each}\n\n" for each in lines), "text/event-stream")


def read(response: Response, **mapping: str) -> Reply:
    return ReplyReader(ReplyMapping(**(mapping or MAPPINGS))).read(response)


def test_json_is_read_by_the_mappings() -> None:
    body = {
        "text": "hi",
        "meta": {"answer": "hold", "confidence": 1},
        "context": {"ticket": 3},
        "error": None,
    }
    assert read(answered(json.dumps(body))) == Reply("hi", "hold", 1.0, {"ticket": 3})


def test_paths_are_read_before_there_is_a_response() -> None:
    """What that takes would be latency of the agent's first turn."""
    parsed.cache_clear()
    reader = ReplyReader(ReplyMapping())
    read_by_then = parsed.cache_info().misses
    assert read_by_then
    assert reader.read(answered('{"text": "hi"}')) == Reply("hi")
    assert parsed.cache_info().misses == read_by_then


def test_only_the_text_has_to_be_there() -> None:
    assert read(answered('{"text": "hi"}')) == Reply("hi")
    assert read(answered('{"text": "hi", "meta": null}')) == Reply("hi")


def test_of_several_places_that_match_the_last_counts() -> None:
    body = '{"messages": [{"text": "a"}, {"text": "b"}]}'
    assert read(answered(body), text="$.messages[*].text") == Reply("b")


@pytest.mark.parametrize(
    ("events", "reply"),
    [
        ([{"text": "Hel"}, {"text": "lo"}], Reply("Hello")),
        ([{"text": "ha"}, {"text": "ha"}], Reply("haha")),
        ([{"text": "a"}, {"meta": {"answer": "hold"}}, {"text": "b"}], Reply("ab", "hold")),
        (
            [{"text": "a", "meta": {"confidence": 0.1}}, {"meta": {"confidence": 0.9}}],
            Reply("a", confidence=0.9),
        ),
        ([{"context": {"x": 1}, "text": "a"}, {"context": {"y": 2}}], Reply("a", context={"y": 2})),
        ([{"text": "a"}, {"text": None}, "[DONE]"], Reply("a")),
        ([{"text": "a"}, "keep-alive"], Reply("a")),
        (["Hel", "lo", "[DONE]"], Reply("Hello")),
        (["5", "0"], Reply("50")),
        ([], Reply("")),
    ],
)
def test_a_stream_is_joined(events: list[Any], reply: Reply) -> None:
    assert read(stream(*events)) == reply


FAILURES = [
    (answered("busy", status=503), "the agent answered 503: busy"),
    (answered("", status=500), "the agent answered 500: an empty body"),
    (answered("", status=302), "the agent answered 302"),
    (answered("<html>"), r"\(application/json\) cannot be read: .*<html>"),
    (answered(""), "cannot be read: .*an empty body"),
    (answered(b"\xff\xfe"), "cannot be read"),
    (answered("[" * 100_000), "cannot be read"),
    (answered("{}"), r"nothing at \$.text; it is \{\}"),
    (answered('{"txt": "x", "n": 1}'), r"nothing at \$.text; its keys: txt, n"),
    (answered('"text"'), r'nothing at \$.text; it is "text"'),
    (answered('{"text": null}'), r"nothing at \$.text; its keys: text"),
    (answered('{"text": 5}'), r"\$.text is 5; allowed: a text"),
    (answered('{"text": "x", "meta": {"answer": "halt"}}'), r"\$.meta.answer: 'halt' is no answer"),
    (answered('{"text": "x", "meta": {"confidence": "1"}}'), r'confidence is "1"; allowed: a numb'),
    (answered('{"text": "x", "context": [1]}'), r"context is \[1\]; allowed: an object"),
    (answered('{"error": {"code": 7}}'), r'the agent reported an error: \{"code": 7\}'),
    (stream({"other": 1}), r"nothing at \$.text; its keys: other"),
    (stream({"text": "a"}, {"error": "lost"}), 'the agent reported an error: "lost"'),
    (stream("it broke", name="error"), "the agent's stream holds an error: it broke"),
    (answered(b"data: \xff\n\n", "text/event-stream"), r"\(text/event-stream\) cannot be read"),
]


@pytest.mark.parametrize(("response", "message"), FAILURES)
def test_a_response_without_a_reply_fails_the_turn(response: Response, message: str) -> None:
    with pytest.raises(AgentFailed, match=message) as caught:
        read(response)
    assert len(str(caught.value)) < 500


@given(st.binary(max_size=50), st.sampled_from(["application/json", "text/event-stream", "x"]))
def test_any_body_gives_a_reply_or_fails_the_turn(body: bytes, kind: str) -> None:
    try:
        reply = read(answered(body, kind))
    except AgentFailed:
        reply = Reply("")
    assert isinstance(reply, Reply)
