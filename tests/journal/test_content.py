from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.journal.content import reply_content, request_content, steady
from evalkit.journal.records import CallEnded, CallStarted, Outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order A-17", "order A-17"),
        ("id 6f1c2d3e-0000-4000-8000-1234567890ab.", "id <uuid>."),
        ("<Agent object at 0x7f3a2b1c4d>", "<Agent object at <address>>"),
        ("masked-0123456789ab and masked-ba9876543210", "<masked> and <masked>"),
        ("at 2026-01-05T09:00:04.973Z, on 2026-01-05", "at <instant>, on 2026-01-05"),
        ("2026-01-05 09:00:04+01:00", "<instant>"),
        ("chatcmpl-6563538390024c1a and call_short", "<id> and call_short"),
        ("fp_5ce0e1b23d", "<id>"),
    ],
)
def test_what_varies_from_run_to_run_is_evened_out(text: str, expected: str) -> None:
    assert steady(text) == expected


def request(path: str = "/x", body: bytes = b"") -> Any:
    return request_content(
        CallStarted(
            at=0,
            call=1,
            service="crm",
            operation="GET /x",
            method="GET",
            path=path,
            identity="i",
            occurrence=1,
            attempt=1,
            logical=1,
            body=body,
        )
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("/x?a=1&b=2", b""), ("/x?b=2&a=1", b""), True),
        (("/x?a=1&request_id=7", b""), ("/x?a=1&request_id=8", b""), True),
        (("/x?a=1", b""), ("/x?a=2", b""), False),
        (("/x", b""), ("/y", b""), False),
        (("/x", b'{"a": 1, "b": 2}'), ("/x", b'{"b": 2, "a": 1}'), True),
        (("/x", b'{"a": 1, "retry_count": 0}'), ("/x", b'{"a": 1, "retry_count": 1}'), True),
        (("/x", b'{"a": 1}'), ("/x", b'{"a": 2}'), False),
        (("/x", b"\xff\x00 not json"), ("/x", b"\xff\x01 not json"), False),
    ],
)
def test_requests_are_compared_by_what_they_ask_for(
    one: tuple[str, bytes], other: tuple[str, bytes], same: bool
) -> None:
    assert (request(*one) == request(*other)) is same


def test_when_a_model_says_that_it_replied_is_no_content() -> None:
    bodies = (json.dumps({"created": at, "text": "hi"}).encode() for at in (10**9, 10**9 + 5))
    one, other = (
        reply_content(CallEnded(at=0, call=1, outcome=Outcome.REPLIED, body=body))
        for body in bodies
    )
    assert one == other
