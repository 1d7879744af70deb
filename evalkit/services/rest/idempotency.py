"""What a good API does about a request that it has seen: Idempotency-Key.

The first reply to a key is kept once the service has taken the request on; the same request gets it
again, with no second effect, and a different request under the same key is refused. One that comes
while the first is still being answered is refused too (409): its fate is not known yet. A reply
that a fault replaced leaves no trace, so that a retry is a first request. Keys belong to the
service, not to a session, as they belong to an account in real life.
See the IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evalkit.keyed import digest_of
from evalkit.services.bodies import BodyError, json_reply
from evalkit.services.forms import read_body
from evalkit.services.state.table import text_of
from evalkit.services.template import Expression, RenderError
from evalkit.wire import Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """Where a route finds the key of a request, and how it refuses one used for another."""

    header: str | None
    expression: Expression | None = None
    required: bool = False
    reused: int = 422

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        return frozenset() if self.expression is None else self.expression.names

    def key_of(self, request: Request, variables: Callable[[], Mapping[str, Any]]) -> str | None:
        """The key of a request, if it has one."""
        if self.expression is None:
            return None if self.header is None else request.header(self.header) or None
        try:
            value = self.expression.evaluate(variables())
        except (BodyError, RenderError):
            return None
        return None if value in (None, "") else text_of(value)


_STRANGE = 20_000
"""Keys of requests that are of no session that are known again, at least."""


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: bytes
    reply: Reply
    until: int


class IdempotencyKeys:
    """The keys that one service has seen, by route. It lives as long as the service's world."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._of: dict[str | None, list[tuple[str, str]]] = {}

    def answer(self, route: str, key: str, request: Request, *, reused: int = 422) -> Reply | None:
        """The reply to a key that was seen; None to a new one."""
        kept = self._kept.get((route, key))
        if kept is None:
            return None
        if kept.fingerprint != _fingerprint(request):
            message = f"the idempotency key {key[:100]!r} was used before with a different request"
            return _refused("idempotency_key_reused", message, reused)
        if request.at < kept.until:
            message = f"the first request with the idempotency key {key[:100]!r} is still under way"
            return _refused("idempotency_key_in_use", message, 409)
        headers = (*kept.reply.headers, ("idempotent-replayed", "true"))
        return replace(kept.reply, headers=headers, effects=(), taken=(), callbacks=())

    def keep(self, route: str, key: str, request: Request, reply: Reply, until: int = 0) -> None:
        """Remember the reply to a request that was taken on. Until the world time `until`, in
        nanoseconds, it is still under way.
        """
        session = None if request.caller is None else request.caller.session
        own = self._of.setdefault(session, [])
        if (route, key) not in self._kept:
            own.append((route, key))
        self._kept[route, key] = _Kept(_fingerprint(request), reply, until)
        if session is None and len(own) > 2 * _STRANGE:
            self._drop(own[:_STRANGE])
            del own[:_STRANGE]

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more, and so none of their keys."""
        for session in sessions:
            self._drop(self._of.pop(session, ()))

    def _drop(self, keys: Iterable[tuple[str, str]]) -> None:
        for each in keys:
            self._kept.pop(each, None)


def _refused(error: str, message: str, status: int) -> Reply:
    return json_reply({"error": error, "message": message}, status=status)


def _fingerprint(request: Request) -> bytes:
    """A digest of what is asked for; JSON is the same whatever the order of its keys."""
    try:
        body = json.dumps(read_body(request), sort_keys=True)
    except BodyError:
        return digest_of(request.path, request.query, "bytes", request.body)
    return digest_of(request.path, request.query, "value", body)
