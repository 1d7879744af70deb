"""When the bytes of a reply go out."""

import itertools

import pytest

from evalkit.services.llm import tokens
from evalkit.wire import Head, Send, Wait
from tests.services.asking import ask, header, load, value, waits
from tests.services.llm.openai.support import DEFINITION, POLITE, SCRIPT, TOOLS

KEY = {"Authorization": "Bearer k"}
MS = 1_000_000
SAID = "Good day, Ann."


def chat(service, text, **more):
    messages = [POLITE, {"role": "user", "content": text}]
    body = {"model": "gpt-4o", "messages": messages, **more}
    return ask(service, "POST", "/v1/chat/completions", body, headers=KEY)


def due(reply):
    """When each piece of the body goes out, in nanoseconds after the request."""
    clock = itertools.accumulate(step.ns if isinstance(step, Wait) else 0 for step in reply.plan)
    return [at for at, step in zip(clock, reply.plan, strict=True) if isinstance(step, Send)]


def test_the_first_token_comes_after_the_latency_and_the_others_at_their_rate(service):
    reply = chat(service, "hello", stream=True)
    count = tokens.count(SAID)
    every = [300 * MS + at * 10 * MS for at in range(count)]
    # The role goes out with the first token, the reason to end and the end mark with the last.
    assert due(reply) == [every[0], *every, every[-1], every[-1]]
    assert reply.chunked
    assert header(reply, "content-type").startswith("text/event-stream")
    assert isinstance(reply.plan[1], Head)
    assert reply.body().endswith(b"data: [DONE]\n\n")


def test_a_reply_in_one_piece_comes_when_its_last_token_would(service):
    whole, stream = chat(service, "hello"), chat(service, "hello", stream=True)
    assert due(whole) == [due(stream)[-1]]
    assert header(whole, "content-length") == str(len(whole.body()))


@pytest.mark.parametrize("text", ["my order", "forbidden", "as json", "ünicode"])
def test_a_stream_takes_as_long_as_the_reply_in_one_piece(service, text):
    whole = chat(service, text, tools=TOOLS)
    stream = chat(service, text, tools=TOOLS, stream=True)
    assert due(stream)[-1] == due(whole)[-1]
    assert stream.usage == whole.usage


def test_waits_do_not_drift_where_the_rate_does_not_divide(tmp_path):
    odd = load(tmp_path, DEFINITION.replace("100", "7"), SCRIPT).fresh()
    text = "x" * 400
    reply = chat(odd, text, stream=True)
    count = tokens.count(SAID)
    assert due(reply)[-1] == 300 * MS + round((count - 1) * 1_000_000_000 / 7)


def test_without_a_rate_all_goes_out_at_once(tmp_path):
    fast = load(tmp_path, "service: openai\nlatency: 5ms", SCRIPT).fresh()
    assert waits(chat(fast, "hello", stream=True)) == [5 * MS]
    assert waits(chat(fast, "hello")) == [5 * MS]


def test_a_refused_request_does_not_wait(service):
    assert waits(chat(service, "hello", n=0)) == []


def test_headers_of_a_reply(service):
    headers = dict(chat(service, "hello").headers)
    assert headers["openai-processing-ms"] == "300"
    assert headers["x-request-id"].startswith("req_")
    assert {name for name in headers if name.startswith("x-ratelimit-")} == {
        f"x-ratelimit-{what}-{of}"
        for what in ("limit", "remaining", "reset")
        for of in ("requests", "tokens")
    }


def test_the_time_of_making_is_the_worlds(service):
    body = {"model": "gpt-4o", "messages": [POLITE, {"role": "user", "content": "x"}]}
    reply = ask(service, "POST", "/chat/completions", body, headers=KEY, at=61_000 * MS)
    assert value(reply)["created"] == 1_767_603_661
