"""Places in streams, and the ways to write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evalkit.faults import AnyFault
from evalkit.faults.events import bytes_of_events, bytes_of_tokens, said_in
from evalkit.faults.steps import AtOnceOrAfter
from evalkit.keyed import Draw
from evalkit.wire import Cut, Head, Reply, Send, Stall
from tests.services.asking import ask, load

AFTER = TypeAdapter(AtOnceOrAfter)
FAULT = TypeAdapter(AnyFault)
SCRIPT = 'rules: [{reply: {text: "One two three four."}}]'


def stream(*events: bytes) -> Reply:
    return Reply(chunked=True, plan=(Head(), *map(Send, events)))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (True, True),
        (0, 0),
        ("2kB", 2000),
        ("5 tokens", "5 tokens"),
        ("1 token", "1 tokens"),
        ("5tokens", "5 tokens"),
        ("3 events", "3 events"),
    ],
)
def test_a_place_is_read(written, read):
    assert AFTER.validate_python(written) == read
    assert AFTER.validate_python(AFTER.dump_python(AFTER.validate_python(written))) == read


@pytest.mark.parametrize("written", [False, None, "5 tokns", "tokens", "-1 tokens", "1.5 tokens"])
def test_what_is_no_place_is_refused(written):
    with pytest.raises(ValidationError, match="5 tokens or 3 events"):
        AFTER.validate_python(written)


@given(st.lists(st.binary(min_size=1).filter(lambda data: not set(data) & set(b"\r\n"))))
def test_an_event_ends_with_an_empty_line(texts):
    events = [b"data: " + text + b"\n\n" for text in texts]
    made = stream(*events)
    for count in range(1, len(events) + 1):
        assert bytes_of_events(made, count) == len(b"".join(events[:count]))
    assert bytes_of_events(made, len(events) + 1) is None


def test_a_stream_with_other_line_ends_has_events_too():
    made = stream(b"data: a\r\n\r\n", b"data: b\r\n\r\ndata: c\r\n\r\n")
    assert [bytes_of_events(made, count) for count in (0, 1, 2, 3, 4)] == [0, 11, 22, 33, None]


def test_a_token_is_an_event_that_says_something(tmp_path):
    service = load(tmp_path, "service: openai\nrequire_key: false\n", SCRIPT).fresh()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "stream": True}
    made = ask(service, "POST", "/v1/chat/completions", body)
    assert made.speech is not None
    assert said_in(made, made.speech) == 5
    sends = [step.data for step in made.plan if isinstance(step, Send)]
    opening = len(sends[0])
    places = [bytes_of_tokens(made, made.speech, count) for count in (0, 1, 5, 6)]
    assert places == [opening, len(b"".join(sends[:2])), len(b"".join(sends[:6])), None]
    stalled = FAULT.validate_python({"stall": "2 tokens"}).apply(made, Draw("t"))
    assert stalled.body() == b"".join(sends[:3])
    assert stalled.plan[-1] == Stall("stall")


def test_a_place_in_a_stream_of_any_service():
    made = stream(b"data: a\n\n", b"data: b\n\n")
    cut = FAULT.validate_python({"cut": "1 event"}).apply(made, Draw("t"))
    assert (cut.body(), cut.plan[-1]) == (b"data: a\n\n", Cut("cut"))
    assert FAULT.validate_python({"cut": "1 token"}).apply(made, Draw("t")) == made


@pytest.mark.parametrize("chunked", [True, False])
def test_an_unframed_body_has_neither_length_nor_chunks(chunked):
    headers = (("content-type", "text/plain"), ("content-length", "9"))
    made = Reply(headers=headers, chunked=chunked, plan=(Head(), Send(b"some text")))
    cut = FAULT.validate_python({"cut": 4, "unframed": True}).apply(made, Draw("t"))
    assert (cut.headers, cut.chunked) == (headers[:1], False)
    assert cut.plan == (Head(), Send(b"some"), Cut("cut"))


def test_only_the_whole_of_the_last_piece_is_the_end_of_a_stream():
    made = Reply(chunked=True, plan=(Head(), Send(b"data: a\n\n", whole=True)))
    cut = FAULT.validate_python({"cut": 4}).apply(made, Draw("t"))
    assert not any(step.whole for step in cut.plan if isinstance(step, Send))
    wrong = FAULT.validate_python("malformed").apply(made, Draw("t"))
    assert [step.whole for step in wrong.plan if isinstance(step, Send)] == [False, False, True]


@pytest.mark.parametrize("query", ["", "?alt=sse"])
def test_an_error_in_a_stream_of_gemini_is_framed_like_the_rest(tmp_path, query):
    service = load(tmp_path, "service: gemini\nrequire_key: false\n", SCRIPT).fresh()
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    made = ask(service, "POST", f"/v1beta/models/g:streamGenerateContent{query}", body)
    for after in (0, 2):
        fault = FAULT.validate_python({"error_event": 503, "after": after})
        text = fault.apply(made, Draw("t")).body().decode()
        if query:
            assert text.count("data: ") == after + 1
            assert text.endswith('"status":"UNAVAILABLE"}}\r\n\r\n')
        else:
            read = json.loads(text)
            assert len(read) == after + 1
            assert read[-1]["error"]["code"] == 503
