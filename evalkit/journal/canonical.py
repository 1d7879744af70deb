"""The canonical form of a request: the same for two requests that ask for the same thing.

Headers do not count. Of query and body, what differs between two attempts at the same thing is left
out: idempotency keys, request ids, nonces, retry counters and instants of sending, by the name of
their key at any depth, and whatever a service's `ignore` paths name. A plain date is left in: it
may be what a booking is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from evalkit.keyed import digest_of
from evalkit.wire import Request

if TYPE_CHECKING:
    from jsonpath_ng.jsonpath import JSONPath

_MAKES_A_RETRY_SAFE = """
    idempotencykey idempotencyid idempotencytoken idempotenttoken deduplicationid dedupeid
    clienttoken clientrequestid requesttoken
"""
_NAMES_THE_REQUEST = """
    requestid reqid correlationid traceid spanid parentspanid traceparent tracestate nonce cnonce
    progresstoken
"""
_COUNTS_ATTEMPTS = """
    retry retries retrycount retrynumber retryattempt attempt attempts attemptcount attemptnumber
"""
_SAYS_WHEN_SENT = "timestamp sentat requestedat requesttime requesttimestamp clienttime"
_LEFT_OUT = frozenset(
    f"{_MAKES_A_RETRY_SAFE} {_NAMES_THE_REQUEST} {_COUNTS_ATTEMPTS} {_SAYS_WHEN_SENT}".split()
)
_INSTANT_KEYS = frozenset({"date", "datetime", "createdat", "now"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d")
_BOUNDARY = re.compile(r'boundary="?([^";]+)', re.IGNORECASE)
_text = json.JSONEncoder(sort_keys=True).encode  # made once: json.dumps makes one per call


def canonical(request: Request, ignore: Iterable[str] = ()) -> str:
    """The hash of a request's canonical form, without the JSONPaths in `ignore`."""
    query = sorted([pair for pair in request.query if not _left_out(*pair)])
    body = _body(request, tuple(ignore))
    return digest_of(request.method, request.path, query, *body).hex()


def _body(request: Request, ignore: tuple[str, ...]) -> tuple[str, str | bytes]:
    """The kind of the body and its canonical form."""
    if not request.body:
        return "raw", request.body
    content_type = request.header("content-type") or ""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "form", _form(request.body, ignore)
    if content_type.startswith("multipart/"):
        return "multipart", _without_boundary(request.body, content_type)
    try:
        value = json.loads(request.body)
        return "json", _text(essential(_without(value, ignore)))
    except (ValueError, RecursionError):
        return "raw", request.body


def _form(body: bytes, ignore: tuple[str, ...]) -> str:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    fields: dict[str, list[str]] = {}
    for name, value in sorted(pairs):
        fields.setdefault(name, []).append(value)
    return _text(essential(_without(fields, ignore)))


def _without_boundary(body: bytes, content_type: str) -> bytes:
    """A multipart body without its boundary, which clients draw anew for each request."""
    found = _BOUNDARY.search(content_type)
    return body if found is None else body.replace(found[1].encode(), b"boundary")


def essential(value: Any) -> Any:
    """A JSON value without what differs between two attempts at the same thing, at any depth."""
    if isinstance(value, Mapping):
        is_rpc = "jsonrpc" in value
        return {
            key: essential(each)
            for key, each in value.items()
            if not _left_out(key, each) and not (is_rpc and key == "id")
        }
    return [essential(each) for each in value] if isinstance(value, list) else value


def _left_out(key: str, value: Any) -> bool:
    name = _normalised(key)
    if name in _LEFT_OUT:
        return True
    return name in _INSTANT_KEYS and isinstance(value, str) and _INSTANT.match(value) is not None


@lru_cache(maxsize=4096)
def _normalised(key: str) -> str:
    """`X-Request-ID`, `request_id` and `requestId` are one name."""
    return re.sub(r"[^a-z0-9]", "", key.lower().removeprefix("x-").removeprefix("x_"))


def _without(value: Any, paths: tuple[str, ...]) -> Any:
    for path in paths:
        # A path may fit other requests than this one: an index where this one has an object.
        with suppress(KeyError, IndexError, TypeError, AttributeError):
            value = _parsed(path).filter(lambda _: True, value)
    return value


@lru_cache(maxsize=256)
def _parsed(path: str) -> JSONPath:
    from jsonpath_ng.parser import parse

    return parse(path)
