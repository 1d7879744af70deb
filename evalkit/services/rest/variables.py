"""The variables that templates and conditions of a REST service see."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from evalkit.services.attribution import caller_variables
from evalkit.services.forms import read_body
from evalkit.suite.hosts import AGENT_URL
from evalkit.wire import Request

NAMES = ("path", "query", "headers", "body", "session", "turn", "now", "method", "agent")
"""All of them. In the data of an effect there is `reply` too."""

_AGENT = {"url": AGENT_URL}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HeaderValues(Mapping[str, str]):
    """Headers by name in any case, with `_` for `-`: `headers.idempotency_key`."""

    __slots__ = ("_values",)

    def __init__(self, request: Request) -> None:
        self._values = {name.lower(): value for name, value in reversed(request.headers)}

    def __getitem__(self, name: str) -> str:
        lower = str(name).lower()
        found = self._values.get(lower)
        return self._values[lower.replace("_", "-")] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def variables_of(
    request: Request, path: Mapping[str, str], names: Collection[str], starts_at_ns: int
) -> dict[str, Any]:
    """The variables, the costly ones only where they are used. Raises `BodyError`."""
    found: dict[str, Any] = {"path": path, "method": request.method, "agent": _AGENT}
    found["query"] = dict(reversed(request.query))
    if "headers" in names:
        found["headers"] = HeaderValues(request)
    if "body" in names:
        found["body"] = read_body(request)
    if "now" in names:
        found["now"] = iso(starts_at_ns + request.at)
    found.update(caller_variables(request.caller))
    return found


def iso(ns: int) -> str:
    """Nanoseconds since 1970 in ISO 8601, in UTC and to the millisecond."""
    moment = _EPOCH + timedelta(microseconds=ns // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
