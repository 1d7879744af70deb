"""Who a request is from, as a service that counts by client sees it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from evalkit.wire import Request

Each: TypeAlias = Literal["client"]
"""Who has a limit of its own; where nobody is named, all share it."""

EACH = "Who has a limit of its own: `client`, told by its credential; default: all share it"

_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_QUERY = ("api_key", "key")


def client_of(request: Request) -> str | None:
    """The credential that a request shows; None where it shows none, as all such are one client."""
    shown = next(filter(None, map(request.header, _HEADERS)), None)
    if shown is not None:
        return shown.rpartition(" ")[2]
    query = dict(request.query)
    return next((query[name] for name in _QUERY if query.get(name)), None)
