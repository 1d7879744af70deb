"""What clients see of the faults of models, MCP and authority, through the whole of a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

import pytest

from evalkit.faults import FAULTS
from tests.faults.test_catalogue import AUTHORITY, MODEL, PROTOCOL
from tests.live.catalogue import SAYING
from tests.live.clients import Client, by_aiohttp, by_httpx2
from tests.live.meeting import Met, met_in_simulation

CASES = {each.name: each for each in SAYING if each.name in AUTHORITY | PROTOCOL | MODEL}
Holds: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether a body is what is documented, beside the body without the fault."""


def with_(*parts: bytes) -> Holds:
    """All of these are in it, and were not."""
    return lambda body, sound: all(each in body and each not in sound for each in parts)


def without(part: bytes) -> Holds:
    """This was in it, and is not."""
    return lambda body, sound: part in sound and part not in body


def the_same(body: bytes, sound: bytes) -> bool:
    return body == sound


def again(body: bytes, sound: bytes) -> bool:
    return sound in body or len(body) > len(sound)


SEEN: Mapping[str, tuple[int, Holds]] = {
    "call_tool": (200, with_(b'"name":"close"', b"A-7")),
    "unknown_tool": (200, with_(b'"name":"get_order_v2"')),
    "bad_arguments": (200, without(b'{\\"id\\":17,\\"note\\":\\"urgent\\"}')),
    "wrong_schema": (200, with_(b'\\"label\\":0')),
    "refusal": (200, with_(b'"refusal":"I')),
    "content_filter": (200, with_(b'"finish_reason":"content_filter"')),
    "cut_short": (200, with_(b'"finish_reason":"length"')),
    "low_confidence": (200, with_(b'"logprob":-1.386')),
    "context_overflow": (400, with_(b"context_length_exceeded")),
    "slow_tokens": (200, the_same),
    "slow_first_token": (200, the_same),
    "unfinished": (200, without(b'"finish_reason":"stop"')),
    "duplicate_chunk": (200, again),
    "error_event": (200, with_(b'data: {"error":')),
    "empty_choices": (200, with_(b'"choices":[]')),
    "missing_usage": (200, without(b'"usage"')),
    "tool_error": (200, with_(b'"isError":true', b'"text":"no"')),
    "tool_gone": (200, with_(b"Unknown tool: get_order")),
    "tool_schema": (200, without(b'"required":["id"]')),
    "bad_output": (200, with_(b'"structuredContent":{"status":0}')),
    "rpc_error": (200, with_(b'"code":-32603')),
    "rpc_malformed": (200, without(b'"id":1')),
    "wrong_id": (200, without(b'"id":1,')),
    "duplicate_response": (200, lambda body, _: body.count(b'"result"') == 2),
    "no_response": (200, without(b'"result"')),
    "session_lost": (404, without(b'"result"')),
    "protocol_version": (200, with_(b'"protocolVersion":"2020-01-01"')),
    "token_expired": (401, without(b'"owner"')),
    "refresh_refused": (400, with_(b"invalid_grant")),
    "narrower_scope": (403, with_(b"insufficient_scope")),
    "wider_scope": (201, with_(b'"id":"a-2"')),
}
BLOCKED = {"endless_progress": ("ReadTimeout", "SocketTimeoutError")}


@cache
def sound(name: str) -> Met:
    return met_in_simulation(CASES[name], faulty=False)


@pytest.mark.parametrize("client", [by_httpx2, by_aiohttp])
@pytest.mark.parametrize("name", CASES)
def test_a_client_sees_the_fault_as_it_is_described(name: str, client: Client) -> None:
    met, before = met_in_simulation(CASES[name], client), sound(name)
    got, healthy = met.got, before.got
    assert met.told.delivered >= 1
    assert not (later := CASES[name].later) or met.seconds >= before.seconds + later - 1e-6
    if name in BLOCKED:
        assert got == BLOCKED[name][client is by_aiohttp]
        return
    assert isinstance(got, tuple)
    assert isinstance(healthy, tuple)
    status, holds = SEEN[name]
    assert got[0] == status
    assert holds(got[1], healthy[1])


def test_every_fault_is_described() -> None:
    assert {*SEEN, *BLOCKED} == AUTHORITY | PROTOCOL | MODEL <= set(FAULTS)
