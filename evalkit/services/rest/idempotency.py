"""What a good API does about a request that it has seen: Idempotency-Key.

The first reply to a key is kept once its effect was committed; the same request gets it again, with
no second effect, and a different request under the same key is refused. A reply whose effect was
not committed (a fault answered in its place) leaves no trace, so that a retry is a first request.
Keys belong to the service, not to a session, as they belong to an account in real life.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from evalkit.keyed import digest_of
from evalkit.services.bodies import BodyError, json_reply, read_body
from evalkit.wire import Reply, Request


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: bytes
    reply: Reply


class IdempotencyKeys:
    """The keys that one service has seen, by route. It lives as long as the service's world."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._pending: dict[tuple[str, str], _Kept] = {}

    def answer(self, route: str, key: str, request: Request) -> Reply | None:
        """The reply to a key that was seen; None to a new one."""
        kept = self._kept.get((route, key))
        if kept is None:
            return None
        if kept.fingerprint != _fingerprint(request):
            return _reused(key)
        headers = (*kept.reply.headers, ("idempotent-replayed", "true"))
        return replace(kept.reply, headers=headers, effects=())

    def offer(self, route: str, key: str, request: Request, reply: Reply) -> None:
        """Remember the reply, to be kept once its effect is committed."""
        self._pending[route, key] = _Kept(_fingerprint(request), reply)

    def commit(self, route: str, key: str) -> None:
        """The effect was committed."""
        kept = self._pending.pop((route, key), None)
        if kept is not None:
            self._kept[route, key] = kept


def _reused(key: str) -> Reply:
    message = f"the idempotency key {key[:100]!r} was used before with a different request"
    return json_reply({"error": "idempotency_key_reused", "message": message}, status=422)


def _fingerprint(request: Request) -> bytes:
    """A digest of what is asked for; JSON is the same whatever the order of its keys."""
    try:
        body = json.dumps(read_body(request), sort_keys=True)
    except BodyError:
        return digest_of(request.path, request.query, "bytes", request.body)
    return digest_of(request.path, request.query, "value", body)
