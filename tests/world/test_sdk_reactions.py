"""What official SDKs make of a provider that fails, as requests made, outcome and time taken.

The values are those of the versions that the tests run with (openai 3.52, anthropic 2.11,
google-genai 3.4, two retries each). Where ways to ask the same SDK differ, a comment says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.world.model_worlds import CLIENTS, TIMEOUT, met

pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
ALL = "One two three four five six."
WHOLE, STREAM = 0.7, 0.1
"""When a reply in one piece is there, and when a stream begins: seconds."""


@dataclass(frozen=True)
class Row:
    """A fault, and what comes of it by client: (requests, outcome). Clients not named are not of
    this row.
    """

    about: str
    fault: Any
    seen: dict[str, tuple[int, Any]]


def same(openai: Any, anthropic: Any, requests: int = 1) -> dict[str, tuple[int, Any]]:
    """What all ways to ask an SDK see alike."""
    return {
        name: (requests, openai if kind == "openai" else anthropic)
        for name, (kind, _) in CLIENTS.items()
        if kind != "gemini"
    }


def of(seen: dict[str, tuple[int, Any]], *names: str) -> dict[str, tuple[int, Any]]:
    return {name: each for name, each in seen.items() if name in names}


WHOLES = ("chat", "responses", "messages")
STREAMS = ("chat stream", "responses stream", "messages stream")
BROKEN = same("openai APIConnectionError", "anthropic APIConnectionError", 3)
UNREADABLE = "json JSONDecodeError"

ROWS = [
    Row(
        "500",
        {"status": 500},
        {
            **same("openai InternalServerError", "anthropic InternalServerError", 3),
            "gemini": (3, "google ServerError"),
            "gemini stream": (3, "google ServerError"),
        },
    ),
    Row(
        "connection reset",
        "reset",
        {
            **BROKEN,
            "gemini": (3, "aiohttp ClientOSError"),
            "gemini stream": (3, "aiohttp ClientOSError"),
        },
    ),
    Row(
        "empty reply",
        "empty",
        {
            **BROKEN,
            "gemini": (3, "aiohttp ServerDisconnectedError"),
            "gemini stream": (3, "aiohttp ServerDisconnectedError"),
        },
    ),
    Row(
        "short body",
        {"cut": 20},
        {**of(BROKEN, *WHOLES), "gemini": (1, "aiohttp ClientPayloadError")},
    ),
    Row(
        "200 with HTML",
        {"html": 200},
        {
            **of(same("builtins AttributeError", "builtins AttributeError"), *WHOLES),
            # Neither reader of events finds one; Anthropic's helper misses the message.
            "chat stream": (1, ("", None)),
            "responses stream": (1, ("", None)),
            "messages stream": (1, "builtins AssertionError"),
            "gemini": (1, UNREADABLE),
            "gemini stream": (1, "google UnknownApiResponseError"),
        },
    ),
    Row(
        "200 with an empty body",
        {"truncated": "0%"},
        {
            **of(same(UNREADABLE, UNREADABLE), *WHOLES),
            # google-genai takes it for a reply without candidates, which its caller stumbles over.
            "gemini": (1, "builtins TypeError"),
            # A stream of no events is one to all but Anthropic's helper, which misses the message.
            "chat stream": (1, ("", None)),
            "responses stream": (1, ("", None)),
            "messages stream": (1, "builtins AssertionError"),
            "gemini stream": (1, ("", None)),
        },
    ),
    Row(
        "200 with half of the JSON",
        {"truncated": "50%"},
        {**of(same(UNREADABLE, UNREADABLE), *WHOLES), "gemini": (1, UNREADABLE)},
    ),
    Row(
        "body cut, close-delimited",
        {"cut": 20, "unframed": True},
        # Nothing tells that it is not the whole.
        {**of(same(UNREADABLE, UNREADABLE), *WHOLES), "gemini": (1, UNREADABLE)},
    ),
    Row(
        "200 without choices or content",
        "empty_choices",
        {
            **of(same("builtins IndexError", "builtins IndexError"), *WHOLES),
            "chat stream": (1, "builtins IndexError"),
            "messages stream": (1, "builtins IndexError"),
            # A stream of a response that says nothing is sound: who reads its deltas has none.
            "responses stream": (1, ("", "response.completed")),
            "gemini": (1, "builtins TypeError"),
            "gemini stream": (1, "builtins TypeError"),
        },
    ),
    Row(
        "stream ends cleanly, no finish reason",
        "unfinished",
        {
            "chat stream": (1, (ALL, None)),
            "responses stream": (1, (ALL, "response.output_item.done")),
            "messages stream": (1, (ALL, None)),
            "gemini stream": (1, (ALL, None)),
        },
    ),
    Row(
        "stream cut, close-delimited body",
        {"cut": "3 tokens", "unframed": True},
        {
            "chat stream": (1, ("One two thre", None)),
            "responses stream": (1, ("One two thre", "response.output_text.delta")),
            "messages stream": (1, ("One two thre", None)),
            "gemini stream": (1, ("One two thre", None)),
        },
    ),
    Row(
        "stream cut, chunked body",
        {"cut": "3 tokens"},
        {
            **of(same("openai APIConnectionError", "httpx2 RemoteProtocolError"), *STREAMS),
            "gemini stream": (1, "aiohttp ClientPayloadError"),
        },
    ),
    Row(
        "invalid JSON chunk",
        "malformed",
        {
            **of(same(UNREADABLE, UNREADABLE), *STREAMS),
            "gemini stream": (1, "google UnknownApiResponseError"),
        },
    ),
    Row(
        "error event inside a 200 stream",
        {"error_event": 529, "after": 3},
        {
            "chat stream": (1, "openai APIError"),
            # The documented event of this API is one of its union, which the SDK hands over: only
            # an envelope with `error` in it, as chat completions have, makes it raise.
            "responses stream": (1, ("One two thre", "error")),
            "messages stream": (1, "anthropic APIStatusError"),
            "gemini stream": (1, "google ServerError"),
        },
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.about)
def test_what_a_client_makes_of_a_fault(tmp_path, row):
    for name, (requests, outcome) in row.seen.items():
        kind, call = CLIENTS[name]
        came = met(tmp_path, kind, call, row.fault)
        assert (name, came.got) == (name, outcome)
        assert (name, came.requests) == (name, requests)
        assert (name, came.delivered) == (name, requests)
        assert (name, [each.failed for each in came.ended]) == (name, [True] * requests)


@pytest.mark.parametrize("name", [*WHOLES, *STREAMS])
def test_a_keep_alive_drip_blocks_a_client_past_its_timeout(tmp_path, name):
    kind, call = CLIENTS[name]
    came = met(tmp_path, kind, call, {"drip": "1s", "lasts": "1h"})
    assert came.got[0] == ALL
    assert came.requests == came.delivered == 1
    assert came.seconds == pytest.approx(3600 + WHOLE)
    assert came.seconds > TIMEOUT


def test_googles_client_bounds_the_whole_call_so_that_no_drip_blocks_it(tmp_path):
    kind, call = CLIENTS["gemini"]
    came = met(tmp_path, kind, call, {"drip": "1s", "lasts": "1h"})
    assert (came.got, came.seconds) == ("builtins TimeoutError", TIMEOUT)


@pytest.mark.parametrize(
    ("name", "requests", "outcome", "seconds"),
    [
        ("chat", 1, "openai RateLimitError", WHOLE),
        ("chat stream", 1, "openai RateLimitError", STREAM),
        ("responses", 1, "openai RateLimitError", WHOLE),
        ("responses stream", 1, "openai RateLimitError", STREAM),
        ("messages", 3, "anthropic RateLimitError", 2 * 3600 + 3 * WHOLE),
        ("messages stream", 3, "anthropic RateLimitError", 2 * 3600 + 3 * STREAM),
    ],
)
def test_retry_after_an_hour(tmp_path, name, requests, outcome, seconds):
    kind, call = CLIENTS[name]
    came = met(tmp_path, kind, call, {"status": 429, "retry_after": 3600})
    assert (came.got, came.requests) == (outcome, requests)
    assert came.seconds == pytest.approx(seconds)


@pytest.mark.parametrize("sends", ["auto", "blank_lines"])
def test_googles_client_reads_a_stream_that_drips_until_its_time_is_up(tmp_path, sends):
    kind, call = CLIENTS["gemini stream"]
    short = {"drip": "100ms", "lasts": "1s", "sends": sends}
    came = met(tmp_path, kind, call, short)
    assert (came.got, came.requests, came.delivered) == ((ALL, "STOP"), 1, 1)
    assert came.seconds == pytest.approx(1 + WHOLE)
    came = met(tmp_path, kind, call, {**short, "lasts": "10min"})
    assert (came.got, came.seconds) == ("builtins TimeoutError", TIMEOUT)


def test_a_comment_is_a_broken_reply_to_googles_client(tmp_path):
    kind, call = CLIENTS["gemini stream"]
    came = met(tmp_path, kind, call, {"drip": "1s", "sends": "comments"})
    assert (came.got, came.requests) == ("google UnknownApiResponseError", 1)
    assert came.seconds == pytest.approx(STREAM + 1)


AGAIN = (408, 429, 500, 502, 503, 504)
"""The statuses after which google-genai asks again, once it is told to ask again at all."""


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 529, *AGAIN])
def test_which_statuses_googles_client_asks_again(tmp_path, status):
    kind, call = CLIENTS["gemini"]
    came = met(tmp_path, kind, call, {"status": status})
    error = "google ClientError" if status < 500 else "google ServerError"
    assert (came.got, came.requests) == (error, 3 if status in AGAIN else 1)


@pytest.mark.parametrize("name", ["gemini", "gemini stream"])
def test_googles_client_does_not_look_at_retry_after(tmp_path, name):
    kind, call = CLIENTS[name]
    came = met(tmp_path, kind, call, {"status": 429, "retry_after": 3600})
    assert (came.got, came.requests) == ("google ClientError", 3)
    assert came.seconds < 10


@pytest.mark.parametrize("base", ["openai", "anthropic"])
def test_the_backoff_of_retries_takes_its_time(tmp_path, base):
    name = {"openai": "chat stream", "anthropic": "messages stream"}[base]
    kind, call = CLIENTS[name]
    came = met(tmp_path, kind, call, {"status": 500})
    waited = came.seconds - 3 * STREAM
    assert 0.75 * 1.5 <= waited <= 1.5  # 0.5 s and 1 s, each with up to a quarter less
    assert [each.sdk_retry for each in came.begun] == [0, 1, 2]
