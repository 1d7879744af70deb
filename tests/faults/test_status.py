import json

import pytest
from pydantic import ValidationError

from evalkit.faults.status import Status
from evalkit.keyed import Draw
from evalkit.wire import Effect, Head, Reply, Send, Usage, Wait

HEALTHY = Reply.json({"id": 1}).after(5)
DRAW = Draw(1)


def error(kind="rest", **settings):
    return Status(**settings).for_kind(kind).apply(HEALTHY, DRAW)


def test_the_whole_reply_is_replaced_where_its_first_byte_was_due():
    reply = error(status=503)
    assert reply.status == 503
    wait, head, send = reply.plan
    assert wait == Wait(5)
    assert head == Head("status")
    assert isinstance(send, Send)
    assert send.fault == "status"
    assert ("content-length", str(len(send.data))) in reply.headers


def test_nothing_is_committed_and_nothing_is_used():
    healthy = Reply(
        effects=(Effect(name="charge"),), usage=Usage(input=1, output=1), model="m", route="r"
    )
    reply = Status(status=500).apply(healthy, DRAW)
    assert (reply.effects, reply.usage, reply.model, reply.route) == ((), None, None, "r")


def test_that_no_route_matched_stays_known():
    assert Status(status=500).apply(Reply(complaint="none"), DRAW).complaint == "none"


@pytest.mark.parametrize(
    ("kind", "envelope", "status", "body"),
    [
        ("rest", "auto", 503, {"error": "Service Unavailable"}),
        ("rest", "auto", 529, {"error": "Overloaded"}),
        ("rest", "auto", 599, {"error": "Status 599"}),
        (
            "openai",
            "auto",
            503,
            {
                "error": {
                    "message": "Service Unavailable",
                    "type": "server_error",
                    "param": None,
                    "code": None,
                }
            },
        ),
        (
            "anthropic",
            "auto",
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        ),
        (
            "rest",
            "anthropic",
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "Bad Request"}},
        ),
        (
            "gemini",
            "auto",
            429,
            {
                "error": {
                    "code": 429,
                    "message": "Too Many Requests",
                    "status": "RESOURCE_EXHAUSTED",
                }
            },
        ),
        ("openai", "plain", 404, {"error": "Not Found"}),
    ],
)
def test_the_error_is_worded_as_the_service_would(kind, envelope, status, body):
    reply = error(kind, status=status, envelope=envelope)
    assert json.loads(reply.body()) == body
    assert ("content-type", "application/json") in reply.headers


@pytest.mark.parametrize(
    ("body", "sent", "content_type"),
    [
        ("<h1>Bad Gateway</h1>", b"<h1>Bad Gateway</h1>", "text/plain; charset=utf-8"),
        ({"code": 7}, b'{"code":7}', "application/json"),
        ([1], b"[1]", "application/json"),
        ("", b"", "text/plain; charset=utf-8"),
    ],
)
def test_a_body_takes_the_place_of_the_envelope(body, sent, content_type):
    reply = error("openai", status=502, body=body)
    assert reply.body() == sent
    assert ("content-type", content_type) in reply.headers


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("1s", "1"),
        ("500ms", "0.5"),
        ("2min", "120"),
        (3600, "3600"),
        ("30d", "2592000"),
        (0.25, "0.25"),
        ("7", "7"),
        ("Mon, 05 Jan 2026 09:00:05 GMT", "Mon, 05 Jan 2026 09:00:05 GMT"),
    ],
)
def test_retry_after(written, sent):
    reply = error(status=429, retry_after=written)
    assert ("retry-after", sent) in reply.headers


def test_retry_after_in_milliseconds():
    assert ("retry-after-ms", "250") in error(status=429, retry_after_ms=250).headers


@pytest.mark.parametrize(("told", "sent"), [(True, "true"), (False, "false")])
def test_whether_to_ask_again_can_be_told_in_so_many_words(told, sent):
    assert ("x-should-retry", sent) in error(status=429, should_retry=told).headers
    assert not any(name == "x-should-retry" for name, _ in error(status=429).headers)


@pytest.mark.parametrize("written", ["false", 0, "no"])
def test_a_word_that_is_no_truth_value_tells_nothing(written):
    with pytest.raises(ValidationError, match="bool"):
        Status(status=429, should_retry=written)


@pytest.mark.parametrize("written", ["soon", -1, True, "", "-3s", float("inf"), float("nan")])
def test_a_time_to_wait_that_is_none_is_refused(written):
    with pytest.raises(ValidationError, match="no time to wait"):
        Status(status=429, retry_after=written)
