"""The sessions of one service: who has one, in which revision, and since when."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.keyed import Draw
from evalkit.services.latest import Latest
from evalkit.services.mcp.rpc import INVALID_REQUEST, RpcError


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session; `since` is the world time (nanoseconds) of its beginning."""

    id: str
    version: str
    since: int


class Sessions:
    """Gives out session ids and knows them again. `lifetime` is in nanoseconds, None endless."""

    def __init__(self, lifetime: int | None) -> None:
        self._lifetime = lifetime
        self._live: Latest[str, Session] = Latest()

    def new(self, version: str, at: int, draw: Draw) -> Session:
        """A new session. Its id follows from the call that begins it."""
        number = 0
        while (name := draw.at("mcp session", number).key.hex()) in self._live:
            number += 1
        return Session(id=name, version=version, since=at)

    def begin(self, session: Session) -> None:
        """The service has taken on the call that begins it."""
        self._live[session.id] = session

    def find(self, name: str | None, at: int) -> Session:
        """The session of this id. Raises `RpcError`: 400 without an id, 404 for one that is not
        known, over, or too old.
        """
        if name is None:
            message = "Bad Request: Missing session ID"
            raise RpcError(INVALID_REQUEST, message, status=400, complaint=message)
        session = self._live.get(name)
        if session is None:
            raise RpcError(INVALID_REQUEST, "Session not found", status=404)
        if self._lifetime is not None and at - session.since > self._lifetime:
            raise RpcError(INVALID_REQUEST, "Session not found: it has expired", status=404)
        return session

    def end(self, session: Session) -> None:
        """The client has ended it."""
        self._live.pop(session.id, None)
