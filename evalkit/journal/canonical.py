"""The canonical form of a request: the same for two requests that ask for the same thing.

Headers do not count. Of query and body, what differs between two attempts at the same thing is left
out: idempotency keys, request ids, nonces, retry counters and instants of sending, by the name of
their key at any depth, and whatever a service's `ignore` paths name. A plain date is left in: it
may be what a booking is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from evalkit import quick_json
from evalkit.jsonpaths import parsed
from evalkit.keyed import digest_with
from evalkit.wire import Request

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
_SMALL = 16 * 1024  # bytes of a body whose request is worth remembering


def canonical(request: Request, ignore: Iterable[str] = ()) -> str:
    """The hash of a request's canonical form, without the JSONPaths in `ignore`."""
    body = request.body
    content_type = (request.header("content-type") or "") if body else ""
    hashed = _known if len(body) <= _SMALL else _hash
    return hashed(request.method, request.path, request.query, body, content_type, tuple(ignore))


def _hash(
    method: str,
    path: str,
    query: tuple[tuple[str, str], ...],
    body: bytes,
    content_type: str,
    ignore: tuple[str, ...],
) -> str:
    kept = sorted([pair for pair in query if not _left_out(*pair)])
    kind, said = _body(body, content_type, ignore)
    return digest_with(method, path, kept, kind, data=said).hex()


_known = lru_cache(maxsize=1024)(_hash)
"""Sessions ask the same things again and again: retries, and one another's first turns."""


def _body(body: bytes, content_type: str, ignore: tuple[str, ...]) -> tuple[str, bytes]:
    """The kind of a body and its canonical form."""
    if not body:
        return "raw", body
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "form", _form(body, ignore)
    if content_type.startswith("multipart/"):
        return "multipart", _without_boundary(body, content_type)
    try:
        value = _without(quick_json.load(body), ignore) if ignore else quick_json.look(body)
        return "json", quick_json.steady(essential(value))
    except (ValueError, RecursionError):
        return "raw", body


def _form(body: bytes, ignore: tuple[str, ...]) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    fields: dict[str, list[str]] = {}
    for name, value in sorted(pairs):
        fields.setdefault(name, []).append(value)
    return quick_json.steady(essential(_without(fields, ignore)))


def _without_boundary(body: bytes, content_type: str) -> bytes:
    """A multipart body without its boundary, which clients draw anew for each request."""
    found = _BOUNDARY.search(content_type)
    return body if found is None else body.replace(found[1].encode(), b"boundary")


def essential(value: Any) -> Any:
    """A JSON value without what differs between two attempts at the same thing, at any depth."""
    return value if _is_essential(value) else _essential(value)


_ESSENTIAL: set[str] = set()  # keys that were seen to be
_MOST_KEYS = 4096


def _is_essential(value: Any) -> bool:
    """Whether all keys in a value were seen to be essential: then there is nothing to leave out."""
    for level in quick_json.levels(value):
        keys: set[str] = set().union(*[each for each in level if type(each) is dict])
        if not keys <= _ESSENTIAL:
            return False
    return True


def _note(keys: Iterable[str]) -> None:
    """Note those that are essential whatever stands beside them and under them."""
    if len(_ESSENTIAL) < _MOST_KEYS:
        _ESSENTIAL.update([key for key in keys if not _suspect(key) and key != "jsonrpc"])


def _essential(value: Any) -> Any:
    if isinstance(value, dict):
        _note(value)
        is_rpc = "jsonrpc" in value
        return {
            key: _essential(each) if isinstance(each, (dict, list)) else each
            for key, each in value.items()
            if not (_suspect(key) and _left_out(key, each)) and not (is_rpc and key == "id")
        }
    return [_essential(each) for each in value] if isinstance(value, list) else value


def _left_out(key: str, value: Any) -> bool:
    name = _suspect(key)
    if name in _LEFT_OUT:
        return True
    return name in _INSTANT_KEYS and isinstance(value, str) and _INSTANT.match(value) is not None


@lru_cache(maxsize=4096)
def _suspect(key: str) -> str:
    """The name of a key that may be left out, or nothing: `X-Request-ID`, `request_id` and
    `requestId` are one name.
    """
    name = re.sub(r"[^a-z0-9]", "", key.lower().removeprefix("x-").removeprefix("x_"))
    return name if name in _LEFT_OUT or name in _INSTANT_KEYS else ""


def _without(value: Any, paths: tuple[str, ...]) -> Any:
    for path in paths:
        # A path may fit other requests than this one: an index where this one has an object.
        with suppress(KeyError, IndexError, TypeError, AttributeError):
            value = parsed(path).filter(lambda _: True, value)
    return value
