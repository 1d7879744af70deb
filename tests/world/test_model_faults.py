"""The faults of models as official SDKs see them: each provider, streaming and not."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from evalkit.journal.records import CallEnded
from tests.world.model_worlds import CLIENTS, HOST, OPENAI_TOOL, SCHEMA, chat, chat_stream, met

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
ALL = "One two three four five six."
HALF = "One two three "
SORRY = "I'm sorry, but I can't help with that."
WHOLES = ("chat", "responses", "messages", "gemini")
STREAMS = tuple(f"{name} stream" for name in WHOLES)
TOOLS: dict[str, Any] = {
    "chat": [{"type": "function", "function": OPENAI_TOOL}],
    "responses": [{"type": "function", **OPENAI_TOOL}],
    "messages": [{"name": "get_order", "input_schema": OPENAI_TOOL["parameters"]}],
    "gemini": [{"function_declarations": [OPENAI_TOOL]}],
}


def asked(folder, name, faults, text="hello", **more):
    """What one way to ask sees under faults."""
    kind, call = CLIENTS[name]
    if "order" in text:
        more["tools"] = TOOLS[name.split()[0]]
    return met(folder, kind, lambda: call(text, **more), faults)


SAID: dict[str, tuple[Any, Any, dict[str, str]]] = {
    # fault: as written, what is said, and the reason told by each way to ask
    "refusal": (
        "refusal",
        SORRY,
        {"chat": "stop", "responses": "completed", "messages": "refusal", "gemini": "SAFETY"},
    ),
    "content_filter": (
        "content_filter",
        HALF,
        {
            "chat": "content_filter",
            "responses": "incomplete",
            "messages": "refusal",
            "gemini": "SAFETY",
        },
    ),
    "cut_short": (
        {"cut_short": "50%"},
        HALF,
        {
            "chat": "length",
            "responses": "incomplete",
            "messages": "max_tokens",
            "gemini": "MAX_TOKENS",
        },
    ),
}


@pytest.mark.parametrize("fault", SAID)
@pytest.mark.parametrize("name", [*WHOLES, *STREAMS])
def test_the_model_says_something_else(tmp_path, fault, name):
    written, said, reasons = SAID[fault]
    came = asked(tmp_path, name, written)
    reason = reasons[name.split()[0]]
    assert came.got == (said, f"response.{reason}" if name == "responses stream" else reason)
    assert came.delivered == came.requests == 1
    assert not came.ended[0].failed
    assert came.ended[0].usage.output == -(-len(said) // 4)


CALLED: dict[str, tuple[Any, str, Any]] = {
    # fault: as written, the tool that is called, and its arguments as text and as value
    "none": ((), "get_order", ('{"id":17,"note":"urgent"}', {"id": 17, "note": "urgent"})),
    "unknown_tool": (
        "unknown_tool",
        "get_order_v2",
        ('{"id":17,"note":"urgent"}', {"id": 17, "note": "urgent"}),
    ),
    "bad_arguments": (
        {"bad_arguments": "missing"},
        "get_order",
        ('{"note":"urgent"}', {"note": "urgent"}),
    ),
    "bad_arguments types": (
        {"bad_arguments": "types"},
        "get_order",
        ('{"id":"17","note":0}', {"id": "17", "note": 0}),
    ),
}


@pytest.mark.parametrize("fault", CALLED)
@pytest.mark.parametrize("name", WHOLES)
def test_the_model_calls_a_tool_otherwise(tmp_path, fault, name):
    written, tool, (text, value) = CALLED[fault]
    came = asked(tmp_path, name, written, "order")
    assert came.got[0] == [(tool, text if name in ("chat", "responses") else value)]
    assert came.delivered == (fault != "none")
    assert came.ended[0].failed == ("bad" in fault)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("chat", ([("get_order", '{"id":17,"no')], "tool_calls")),
        ("chat stream", ('get_order{"id":17,"no', "tool_calls")),
        ("responses", ([("get_order", '{"id":17,"no')], "completed")),
        ("responses stream", ('{"id":17,"no', "response.completed")),
        # The SDK completes the JSON that was streamed as far as it can.
        ("messages stream", ([("get_order", {"id": 17})], "tool_use")),
        # The API keeps such calls to itself.
        ("gemini stream", ("", "MALFORMED_FUNCTION_CALL")),
    ],
)
def test_arguments_that_are_no_json(tmp_path, name, seen):
    came = asked(tmp_path, name, {"bad_arguments": "broken"}, "order")
    assert came.got == seen
    assert came.ended[0].failed
    assert came.delivered == 1


@pytest.mark.parametrize("name", [*WHOLES, *STREAMS])
def test_a_tool_is_called_with_arguments_of_the_session(tmp_path, name):
    fault = {
        "call_tool": {"name": "close_account", "arguments": {"id": "{{ session.vars.account }}"}}
    }
    came = asked(tmp_path, name, fault)
    assert "A-7" in str(came.got)
    assert came.delivered == 1
    (ended,) = came.ended
    assert b"close_account" in ended.body


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("missing", '{"score":0.5}'),
        ("types", '{"label":0,"score":"0.5"}'),
        ("prose", 'Here is the result:\n\n```json\n{"label":"refund","score":0.5}\n```'),
    ],
)
@pytest.mark.parametrize("call", [chat, chat_stream])
def test_structured_output_breaks_its_schema(tmp_path, how, text, call):
    form = {
        "type": "json_schema",
        "json_schema": {"name": "Label", "schema": SCHEMA, "strict": True},
    }
    came = met(
        tmp_path, "openai", lambda: call("label", response_format=form), {"wrong_schema": how}
    )
    assert came.got[0] == text
    assert came.ended[0].failed
    assert came.delivered == 1


def test_low_confidence_is_told_to_those_who_ask(tmp_path):
    fault = {"low_confidence": 0.25}
    told = met(tmp_path, "openai", lambda: chat(logprobs=True, top_logprobs=1), fault)
    untold = met(tmp_path, "openai", chat, fault)
    assert b'"logprob":-1.386' in told.ended[0].body
    assert (told.delivered, untold.delivered) == (1, 0)
    assert told.got == untold.got == (ALL, "stop")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        *((name, (ALL, None)) for name in ("chat", "responses", "messages", "gemini")),
        ("messages stream", "builtins AttributeError"),  # its helper counts on them
        ("responses stream", (ALL, None)),
        ("gemini stream", (ALL, None)),
    ],
)
def test_usage_is_missing(tmp_path, name, outcome):
    came = asked(tmp_path, name, "missing_usage")
    assert came.got == outcome or came.got[0] == outcome[0]
    assert came.delivered == 1
    assert came.ended[0].usage is None
    assert b"promptTokenCount" not in came.ended[0].body
    assert b'"output_tokens"' not in came.ended[0].body


def test_usage_is_missing_from_a_stream_that_was_to_tell_it(tmp_path):
    more = {"stream_options": {"include_usage": True}}
    # The last chunk has the usage and no choice.
    assert met(tmp_path, "openai", lambda: chat_stream(**more)).got == "builtins IndexError"
    came = met(tmp_path, "openai", lambda: chat_stream(**more), "missing_usage")
    assert came.got == (ALL, "stop")
    assert b"usage" not in came.ended[0].body
    untold = met(tmp_path, "openai", chat_stream, "missing_usage")
    assert untold.delivered == 0


@pytest.mark.parametrize("name", STREAMS)
def test_a_chunk_comes_twice(tmp_path, name):
    came = asked(tmp_path, name, "duplicate_chunk")
    said = came.got[0]
    assert came.delivered == 1
    assert not came.ended[0].failed
    assert len(ALL) < len(said) <= len(ALL) + 4


@pytest.mark.parametrize("name", [*WHOLES, *STREAMS])
def test_the_context_overflows(tmp_path, name):
    came = asked(tmp_path, name, "context_overflow")
    library = {"messages": "anthropic", "gemini": "google"}.get(name.split()[0], "openai")
    assert came.got == f"{library} {'ClientError' if library == 'google' else 'BadRequestError'}"
    assert (came.requests, came.delivered) == (1, 1)
    words = {"anthropic": b"prompt is too long", "openai": b"context_length_exceeded"}
    assert words.get(library, b"exceeds the maximum number of tokens") in came.ended[0].body


@pytest.mark.parametrize("name", [*WHOLES, *STREAMS])
def test_tokens_come_slowly_at_their_exact_times(tmp_path, name):
    came = asked(tmp_path, name, {"slow_tokens": "4/s"})
    assert came.got[0] == ALL
    assert came.seconds == pytest.approx(0.1 + 6 / 4, abs=1e-9)
    assert came.delivered == 1


@pytest.mark.parametrize("name", ["chat stream", "responses stream", "messages stream"])
def test_the_first_token_is_late(tmp_path, name):
    came = asked(tmp_path, name, {"slow_first_token": "1500ms"})
    assert came.got[0] == ALL
    assert came.seconds == pytest.approx(2.2, abs=1e-9)
    (ended,) = came.ended
    assert isinstance(ended, CallEnded)
    assert ended.first_byte == 100_000_000
    assert ended.first_token == 1_600_000_000


@pytest.mark.parametrize(
    ("name", "fault", "outcome", "seconds"),
    [
        ("chat stream", {"stall": "3 tokens"}, "openai APITimeoutError", 0.3 + 2),
        ("chat stream", {"stall": "3 events"}, "openai APITimeoutError", 0.2 + 2),
        ("messages stream", {"stall": "3 tokens"}, "httpx2 ReadTimeout", 0.3 + 2),
        ("responses stream", {"stall": "3 tokens"}, "openai APITimeoutError", 0.3 + 2),
        ("gemini stream", {"stall": "3 tokens"}, "builtins TimeoutError", 2),
        ("responses stream", {"reset": "2 tokens"}, "openai APIConnectionError", 0.2),
        ("gemini stream", {"reset": "3 events"}, "aiohttp ClientPayloadError", 0.3),
    ],
)
def test_a_stream_breaks_after_so_much_of_it(tmp_path, name, fault, outcome, seconds):
    came = asked(tmp_path, name, fault)
    assert came.got == outcome
    assert came.seconds == pytest.approx(seconds, abs=1e-9)
    assert (came.delivered, came.requests) == (1, 1)


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.parametrize("fault", [{"stall": "3 tokens"}, {"cut": "2 events"}, "duplicate_chunk"])
def test_faults_of_streams_leave_whole_replies_alone(tmp_path, name, fault):
    came = asked(tmp_path, name, fault)
    assert came.got[0] == ALL
    assert came.delivered == 0


@pytest.mark.parametrize("name", WHOLES)
def test_a_whole_reply_of_status_200_tells_of_an_error(tmp_path, name):
    came = asked(tmp_path, name, {"error_event": 529})
    assert came.got == "builtins TypeError"
    assert came.ended[0].status == 200
    assert came.ended[0].failed
    assert b'"error":{' in came.ended[0].body


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        # What the model says comes before how it is sent, whatever order they are written in.
        ([{"delay": "1s"}, "refusal"], SORRY),
        (["refusal", {"delay": "1s"}], SORRY),
        ([{"slow_first_token": "1s"}, "refusal", {"slow_tokens": "10/s"}], SORRY),
    ],
)
def test_faults_of_one_call_add_up(tmp_path, faults, said):
    came = met(tmp_path, "openai", chat_stream, faults)
    assert came.got[0] == said
    assert came.delivered == len(faults)
    assert came.seconds == pytest.approx(0.1 + 1 + (-(-len(SORRY) // 4) - 1) / 10)


def test_what_stands_after_the_end_of_the_stream_is_no_loss(tmp_path):
    """A client that has the end of a stream and leaves has had the whole reply."""

    async def leaving():
        client = openai.AsyncOpenAI(api_key="k", base_url=f"http://{HOST}/v1", timeout=2)
        messages: Any = [{"role": "user", "content": "hello"}]
        async with client:
            stream = await client.chat.completions.create(
                model="gpt-4o", messages=messages, stream=True
            )
            async for chunk in stream:
                if chunk.choices[0].finish_reason:
                    await stream.close()
                    break
        return "left"

    faults = {"slow_close": "1h"}
    by_default = met(tmp_path, "openai", leaving, faults)
    by_finish = met(tmp_path, "openai", leaving, faults, more="stream_ends_with: [finish]\n")
    by_body = met(tmp_path, "openai", leaving, faults, more="stream_ends_with: []\n")
    assert [each.got for each in (by_default, by_finish)] == ["left", "left"]
    assert (by_body.got, by_body.ended[0].failed) == ("openai APITimeoutError", True)
    assert [each.ended[0].outcome.value for each in (by_default, by_finish)] == ["replied"] * 2
    assert [each.ended[0].failed for each in (by_default, by_finish)] == [False, False]


@pytest.mark.parametrize(
    ("name", "ends_with", "fault", "got", "delivered"),
    [
        ("chat stream", "[finish]", "unfinished", (ALL, None), 1),
        ("chat stream", "[finish]", {"unfinished": "done"}, (ALL, "stop"), 0),
        ("chat stream", "[done]", (), (ALL, None), 0),
        ("chat stream", "[done]", {"unfinished": "finish"}, (ALL, None), 0),
        ("chat stream", "[]", "unfinished", (ALL, None), 0),
        ("messages stream", "[finish]", (), (ALL, "end_turn"), 0),
        ("messages stream", "[done]", "unfinished", (ALL, None), 1),
        ("gemini stream", "[]", (), (ALL, None), 0),
        ("responses stream", "[]", "unfinished", (ALL, "response.output_item.done"), 0),
    ],
)
def test_what_ends_a_stream_is_the_services_to_say(
    tmp_path, name, ends_with, fault, got, delivered
):
    kind, call = CLIENTS[name]
    came = met(tmp_path, kind, call, fault, more=f"stream_ends_with: {ends_with}\n")
    assert (came.got, came.delivered) == (got, delivered)
    assert came.ended[0].failed == bool(delivered)


def test_a_call_of_nobody_gets_no_half_filled_fault(tmp_path):
    called = {"name": "close_account", "arguments": {"id": "{{ session.vars.account }}"}}
    came = met(tmp_path, "openai", chat, {"call_tool": called}, caller=None)
    assert came.got == "openai InternalServerError"
    assert "could not be filled in" in came.ended[0].complaint
    assert came.delivered == 0
