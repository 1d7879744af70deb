"""A request as a service sees it, and on whose behalf it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalkit.keyed import Draw
from evalkit.quick import quick
from evalkit.wire.headers import Fields, Headers

_UNKEYED = Draw("request")


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a request was made, as far as that is known.

    `vars` are the variables of the session record, `plan` its tool calls for a scripted model.
    """

    session: str
    turn: int
    vars: Mapping[str, Any] = field(default_factory=dict)
    plan: Sequence[Mapping[str, Any]] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, complete. Header names are in lower case; `path` is without the query.

    `at` is the world time of its arrival in nanoseconds; `queued` is how many it waits from then on
    before the service begins with it. `draw` is keyed by the identity of the call, so that whatever
    a service draws from it (a latency, an id) does not depend on order.
    """

    method: str
    path: str
    host: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = ()
    body: bytes = b""
    at: int = 0
    queued: int = 0
    caller: Caller | None = None
    draw: Draw = _UNKEYED

    def arrived(self, at: int, caller: Caller | None, draw: Draw) -> Request:
        """The request as its service gets it, at a world time in nanoseconds."""
        return Request(
            method=self.method,
            path=self.path,
            host=self.host,
            query=self.query,
            headers=self.headers,
            body=self.body,
            at=at,
            caller=caller,
            draw=draw,
        )

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        name = name.lower()
        if type(self.headers) is Fields:
            return self.headers.named.get(name)
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def json(self) -> Any:
        """The body read as JSON. Raises `ValueError` where it is none."""
        return json.loads(self.body)
