"""Idempotency keys: where requests carry them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.journal.records import CallStarted

_NAMES = frozenset(
    {
        *("idempotencykey", "idempotencyid", "idempotencytoken", "idempotenttoken"),
        *("deduplicationid", "dedupeid", "clienttoken", "clientrequestid"),
    }
)
_SHORT = 4096
"""Characters. No key is longer."""


def keys_of(call: CallStarted) -> tuple[str, ...]:
    """The idempotency keys of a request, from its headers and its JSON body, in a fixed order."""
    headers = [value for name, value in call.headers if _is_key(name)]
    return tuple(dict.fromkeys([*headers, *_in_body(call.body)]))


def _in_body(body: bytes) -> list[str]:
    if not any(word in body.lower() for word in (b"idempoten", b"dedup", b"client")):
        return []
    try:
        return sorted(set(_keys(json.loads(body))))
    except (ValueError, RecursionError):
        return []


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if _is_key(name) and isinstance(each, str | int) and len(str(each)) <= _SHORT:
                yield str(each)
            else:
                yield from _keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from _keys(each)


def _is_key(name: str) -> bool:
    tidy = re.sub(r"[^a-z0-9]", "", name.lower())
    return tidy in _NAMES or tidy.removeprefix("x") in _NAMES
