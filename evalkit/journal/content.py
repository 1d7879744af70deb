"""What a request, a reply or a text says, in a form that two runs can be compared by.

Where the digest asks whether two runs are the same to the byte, this asks whether they say the
same. So more is evened out: UUIDs, addresses of objects, the pseudonyms of masked values (every run
has its own key), instants (which follow from how long things took) and the ids that models give
their replies and calls of tools (which are drawn from the seed) are each taken for equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from evalkit.journal.canonical import essential
from evalkit.journal.plain import Plain
from evalkit.journal.records import CallEnded, CallStarted

_VARYING = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<address>\b0x[0-9a-fA-F]{6,16}\b)"
    r"|(?P<id>\b(?:chatcmpl|resp|req|call|msg|toolu|fc|rs)[-_][0-9A-Za-z]{12,}\b"
    r"|\bfp_[0-9a-f]{10}\b)"
    r"|(?P<masked>\bmasked-[0-9a-f]{12}\b)"
    r"|(?P<instant>\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
)
_CREATED = re.compile(rb'("created(?:_at)?"\s*:\s*)\d{9,13}(?:\.\d+)?')
"""When a model's reply says it was made, in seconds."""


def steady(text: str) -> str:
    """The text without what varies from run to run."""
    return _VARYING.sub(lambda found: f"<{found.lastgroup}>", text)


def steady_value(value: Any) -> Plain:
    """A JSON-like value whose texts are steady, at any depth."""
    if isinstance(value, str):
        return steady(value)
    if isinstance(value, Mapping):
        return {steady(str(key)): steady_value(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [steady_value(each) for each in value]
    return value


def request_content(call: CallStarted) -> Plain:
    """What a call asks for: its method, its path, its query and its body."""
    path, _, query = call.path.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    asked: dict[str, Plain] = {"method": call.method, "path": steady(path)}
    if pairs:
        asked["query"] = steady_value(essential(dict(pairs)))
    if call.body:
        asked["body"] = _body(call.body)
    return asked


def reply_content(call: CallEnded) -> Plain:
    """What a call was answered with: its body."""
    return _body(_CREATED.sub(rb"\g<1>0", call.body)) if call.body else None


def _body(body: bytes) -> Plain:
    try:
        return steady_value(essential(json.loads(body)))
    except (ValueError, RecursionError):
        return steady(body.decode("utf-8", "surrogateescape"))
