"""Heads of requests that were read before: on a connection that is kept, one is like another.

What is remembered is a pure function of a head's bytes, so that all connections share it. Heads
that name a trace seldom come again: only of what does something is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.seen import Seen
from evalkit.wire import Request

_END = b"\r\n\r\n"
_MOST = 1024
_LONGEST = 4096  # bytes of a head
_LONGEST_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Head:
    """What a head says, and how long a body it announces."""

    request: Request
    size: int


_before = Seen()
_heads: dict[bytes, _Head] = {}


def end_in(data: bytes) -> int:
    """Where the head ends that bytes begin with."""
    return data.find(_END) + len(_END)


def known(data: bytes, end: int) -> Request | None:
    """The request that bytes are which begin with a head that ends there; None where that is
    not remembered, or where they are more or less than it announces.
    """
    head = _heads.get(data[:end])
    if head is None or len(data) - end != head.size:
        return None
    return _with_body(head.request, data[end:])


def remember(data: bytes, end: int, request: Request) -> None:
    """Remember the head of a request that came alone and whole, if it came before and is a usual
    one: nothing comes then between it and the body, and the body's length is all that it says of
    that.
    """
    if not _before.seen(data[:end]):
        return
    size = len(request.body)
    if request.body != data[end:] or request.header("expect") is not None:
        return
    if not len(_END) < end <= _LONGEST or size > _LONGEST_BODY:
        return
    if len(_heads) >= _MOST:
        _heads.clear()
    _heads[data[:end]] = _Head(_with_body(request, b""), size)


def _with_body(head: Request, body: bytes) -> Request:
    return Request(
        method=head.method,
        path=head.path,
        host=head.host,
        query=head.query,
        headers=head.headers,
        body=body,
    )
