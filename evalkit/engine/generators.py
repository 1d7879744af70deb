"""What the processes of a load generator say, and are told: JSON lines over a connection for each.

    -> {"hello": TOKEN, "name": NAME, "region": R?}   <- {"url": URL} or {"refused": WHY}
    -> {"clock": N}                                   <- {"clock": N, "now": NS}
    -> {"user": U, "ask": true}                       <- {"user": U, "job": {...}} or {"user": U}
    -> {"user": U, "began": NS, "ended": NS, …}       <- the job of the next turn, or {"user": U}
    -> {"user": U, "gone": true}
    -> {"late": [NS, …]}
    -> {"over": true}

A generator may be on another machine, whose clock is another: it asks for the time now and then. A
user without a job after a turn has come to the end of its session; one without after asking, to
that of the test. `over` says that whoever started the generators is through.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Any, Protocol, cast

from evalkit import quick_json

_MOST = 64 * 1024 * 1024  # bytes of one line


class Host(Protocol):
    """Where generators are received."""

    @property
    def token(self) -> str:
        """What a generator has to know."""
        ...

    @property
    def url(self) -> str:
        """The base URL of the agent."""
        ...

    def now(self) -> int:
        """Nanoseconds of the world."""
        ...

    def refused(self, generator: Generator) -> str | None:
        """Why a generator is of no use; None where it is."""
        ...

    def asked(self, user: str, generator: Generator) -> None:
        """A user is free."""
        ...

    def came_back(self, user: str, generator: Generator, said: dict[str, Any]) -> None:
        """A turn is over."""
        ...

    def gone(self, user: str, *, died: str | None = None) -> None:
        """A user comes no more; of a generator that `died`, which is its name."""
        ...

    def were_late(self, late: list[int]) -> None:
        """How late a generator was at what was due, in nanoseconds."""
        ...

    def over(self) -> None:
        """The generators are through."""
        ...

    def came(self, generator: Generator) -> None:
        """A generator is there."""
        ...

    def left(self, generator: Generator) -> None:
        """A generator has gone, after its users."""
        ...


class Generator(asyncio.Protocol):
    """One process of the generator's."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._buffer = bytearray()
        self._known = False
        self._users: set[str] = set()
        self._transport: asyncio.Transport | None = None
        self.name = "a process"
        self.region: str | None = None
        """The region that all its users are in, if they are in one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, with its users."""
        del exc
        if self._known:
            for user in tuple(self._users):
                self._host.gone(user, died=self.name)
            self._host.left(self)

    def data_received(self, data: bytes) -> None:
        """Some of what it says."""
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        if len(rest) > _MOST:
            self._abort()
        for line in lines:
            try:
                said = quick_json.load(line)
            except (ValueError, RecursionError):
                said = None
            if not isinstance(said, dict):  # whoever that is, it is no generator of ours
                self._abort()
                return
            self._heard(said)

    def _heard(self, said: dict[str, Any]) -> None:
        if not self._known:
            self._greeted(said)
        elif "late" in said:
            self._host.were_late([int(each) for each in said["late"]])
        elif "clock" in said:
            self._write({"clock": said["clock"], "now": self._host.now()})
        elif "over" in said:
            self._host.over()
        else:
            self._of_user(str(said["user"]), said)

    def _greeted(self, said: dict[str, Any]) -> None:
        given = str(said.get("hello", "")).encode()
        if not hmac.compare_digest(given, self._host.token.encode()):
            self._abort()
            return
        self.name = str(said.get("name", self.name))
        self.region = None if said.get("region") is None else str(said["region"])
        if (why := self._host.refused(self)) is not None:
            self._write({"refused": why})
            return
        self._known = True
        self._host.came(self)
        self._write({"url": self._host.url})

    def _of_user(self, user: str, said: dict[str, Any]) -> None:
        self._users.add(user)
        if said.get("ask"):
            self._host.asked(user, self)
        elif said.get("gone"):
            self._users.discard(user)
            self._host.gone(user)
        else:
            self._host.came_back(user, self, said)

    def tell(self, user: str, job: dict[str, Any] | None) -> None:
        """Give a user its next turn, or none."""
        if job is None:
            self._users.discard(user)
        self._write({"user": user} if job is None else {"user": user, "job": job})

    def _write(self, said: dict[str, Any]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(quick_json.compact(said) + b"\n")

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
