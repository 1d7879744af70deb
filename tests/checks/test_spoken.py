import json

import pytest

from evalkit.checks.spoken import is_model, said_in
from tests.checks.stories import Story


def events(*values):
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in values)


def call(says):
    return Story().turn().call("llm", says=says).end().view.calls[0]


CHAT = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
TOOL = {"function": {"name": "f", "arguments": '{"a": 1}'}}
CHAT_TOOL = {"choices": [{"message": {"content": None, "tool_calls": [TOOL]}}]}
CHUNKS = events(
    {"choices": [{"delta": {"content": "H"}}]},
    {"choices": [{"delta": {"content": "i"}, "finish_reason": "stop"}]},
)
TOOL_CHUNKS = events(
    {"choices": [{"delta": {"tool_calls": [{"function": {"name": "f", "arguments": ""}}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": '{"a": 1}'}}]}}]},
)
RESPONSE = {
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
}
RESPONSE_EVENTS = events(
    {"type": "response.created", "response": {"status": "in_progress", "output": []}},
    {"type": "response.output_text.delta", "delta": "Hi"},
    {"type": "response.completed", "response": RESPONSE},
)
MESSAGE = {
    "type": "message",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
}
MESSAGE_EVENTS = events(
    {"type": "message_start", "message": {"content": []}},
    {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
)
GEMINI = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}


@pytest.mark.parametrize(
    ("says", "finish"),
    [
        (CHAT, "stop"),
        (CHUNKS, "stop"),
        (RESPONSE, "completed"),
        (RESPONSE_EVENTS, "completed"),
        (MESSAGE, "end_turn"),
        (MESSAGE_EVENTS, "end_turn"),
        (GEMINI, "STOP"),
        (events(GEMINI), "STOP"),
    ],
)
def test_what_was_said_and_why_it_ended(says, finish):
    said = said_in(call(says))
    assert (said.text, said.calls, said.finish) == ("Hi", [], finish)


@pytest.mark.parametrize(
    "says",
    [
        CHAT_TOOL,
        TOOL_CHUNKS,
        {"output": [{"type": "function_call", "name": "f", "arguments": '{"a": 1}'}]}
        | {"status": "completed"},
        {"type": "message", "content": [{"type": "tool_use", "name": "f", "input": {"a": 1}}]},
        events(
            {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f"}},
            {"type": "content_block_delta", "delta": {"partial_json": '{"a": 1}'}},
        ),
        {
            "candidates": [
                {"content": {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]}}
            ]
        },
    ],
)
def test_the_tools_called(says):
    assert said_in(call(says)).calls == [("f", '{"a": 1}')]


def test_a_stream_that_broke_off_gives_what_had_come():
    said = said_in(call(CHUNKS[: CHUNKS.index(b"\n\n") + 20]))
    assert (said.text, said.finish) == ("H", None)


@pytest.mark.parametrize("says", [b"", b"<html>", b"[1, 2]", {"choices": None}, {"output": "x"}])
def test_what_is_no_reply_of_a_model(says):
    assert said_in(call(says)).text == ""


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        ({"model": "m", "messages": []}, True),
        ({"model": "m", "input": "x"}, True),
        ({"contents": []}, True),
        ({"model": "T-800"}, False),
        ({"messages": []}, False),
        (None, False),
    ],
)
def test_who_is_a_model(body, is_one):
    assert is_model(Story().turn().call(body=body).end().view.calls[0]) is is_one
