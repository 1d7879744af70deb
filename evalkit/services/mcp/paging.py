"""Lists in pages, by an opaque cursor."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.services.mcp.rpc import INVALID_PARAMS, RpcError


def page(
    key: str, entries: Sequence[Mapping[str, Any]], cursor: object, size: int
) -> dict[str, Any]:
    """The page of a list that the cursor names, the first without one. Raises `RpcError`."""
    start = 0 if cursor is None else _offset(key, cursor)
    if start > len(entries):
        raise _refused(cursor)
    result: dict[str, Any] = {key: list(entries[start : start + size])}
    if start + size < len(entries):
        result["nextCursor"] = urlsafe_b64encode(f"{key}:{start + size}".encode()).decode()
    return result


def _offset(key: str, cursor: object) -> int:
    try:
        text = urlsafe_b64decode(str(cursor).encode()).decode()
    except (NotBase64, UnicodeError, ValueError):
        raise _refused(cursor) from None
    given, _, number = text.partition(":")
    if given != key or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise _refused(cursor)
    return int(number)


def _refused(cursor: object) -> RpcError:
    message = f"Invalid params: {str(cursor)[:100]!r} is no cursor of this list"
    return RpcError(INVALID_PARAMS, message, complaint=message)
