"""Parts left out of replies that are written, at the seam of the service."""

from __future__ import annotations

import pytest

from evalkit.services.llm.editing import told
from evalkit.wire import Said, Send
from tests.services.asking import ask, load

SCRIPT = 'rules: [{reply: {text: "One two three four."}}]'
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
KEY = {"authorization": "Bearer k"}


def reply(folder, more="", **asked):
    service = load(folder, f"service: openai\n{more}", SCRIPT).fresh()
    return ask(service, "POST", "/v1/chat/completions", {**BODY, **asked}, headers=KEY)


@pytest.mark.parametrize(
    ("ends_with", "last", "whole"),
    [
        ("[finish, done]", b"[DONE]", [b"[DONE]"]),
        ("[done]", b"[DONE]", [b"[DONE]"]),
        ("[finish]", b'"finish_reason":"stop"', [b'"finish_reason":"stop"']),
        ("[]", b'"content":"our."', []),
    ],
)
def test_a_stream_ends_as_its_service_says(tmp_path, ends_with, last, whole):
    made = reply(tmp_path, f"stream_ends_with: {ends_with}\n", stream=True)
    sends = [step for step in made.plan if isinstance(step, Send)]
    assert last in sends[-1].data
    ends = [step.data for step in sends if step.whole]
    assert len(ends) == len(whole)
    assert all(part in data for part, data in zip(whole, ends, strict=True))


def test_what_follows_the_end_of_a_stream_is_not_its_end(tmp_path):
    usage = {"stream_options": {"include_usage": True}}
    made = reply(tmp_path, "stream_ends_with: [finish]\n", stream=True, **usage)
    sends = [step for step in made.plan if isinstance(step, Send)]
    assert b"prompt_tokens" in sends[-1].data
    assert [step.whole for step in sends[-2:]] == [True, False]


def test_a_whole_reply_has_no_end_of_a_stream(tmp_path):
    made = reply(tmp_path, "stream_ends_with: []\n")
    assert b'"finish_reason":"stop"' in made.body()
    assert made == reply(tmp_path)


def test_a_reply_can_be_told_otherwise_and_back(tmp_path):
    made = reply(tmp_path, "latency: 1s\ntokens_per_second: 5\n", stream=True)
    speech = made.speech
    assert speech is not None
    assert speech.said == Said(text="One two three four.")
    other = speech.saying(Said(refusal="No."))
    assert b"No." in other.body()
    assert other.speech is not None
    assert other.speech.saying(speech.said).body() == made.body()
    assert speech.paced(5).plan == made.plan


def test_a_reply_told_otherwise_is_counted_by_the_limits(tmp_path):
    limited = "service: openai\nrate_limit: {tokens: 100, window: 1min}\n"
    service = load(tmp_path, limited, SCRIPT).fresh()
    made = ask(service, "POST", "/v1/chat/completions", BODY, headers=KEY)
    assert made.speech is not None
    assert made.speech.saying(Said(text="x" * 2000)).status == 429


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'data: {"a":1}\n\n', {"a": 1}),
        (b',{"a":{"b":2}}\n', {"a": {"b": 2}}),
        (b"data: [DONE]\n\n", None),
        (b"data: {broken\n\n", None),
        (b'["a"]', None),
        (b"", None),
    ],
)
def test_the_json_of_an_event(data, value):
    assert told(data) == value
