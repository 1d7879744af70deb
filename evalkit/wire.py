"""What goes over the wire: a request as a service sees it, and a reply as a plan of steps.

A service says what the healthy reply is, a fault transforms its plan, a network plays it. None of
the three knows the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from evalkit.keyed import Draw

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Let `ns` nanoseconds pass. Waits add up from the arrival of the request, so none drifts."""

    ns: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Send the status line and the headers."""

    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes of the body, framed as the reply is framed."""

    data: bytes
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """Send bytes as they are, without any framing."""

    data: bytes
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more and keep the connection open until the client gives up."""

    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in order (FIN), whatever is still owed."""

    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection (RST)."""

    fault: str | None = None


Step: TypeAlias = Wait | Head | Send | Raw | Stall | Cut | Reset
ENDS_CONNECTION = (Stall, Cut, Reset)

_UNKEYED = Draw.of("request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one model call."""

    input: int
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change that a service commits because of a call.

    `key` is the business key: two effects of one name and key are the same change made twice.
    """

    name: str
    key: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a service sends back.

    `plan` is played in order. `chunked` says that body bytes go out in chunks, each `Send` one
    chunk; otherwise `headers` carries the content length, or the end of the connection is the end
    of the body. `effects` are committed when the service takes the request on. `route` names the
    route or rule that answered; `complaint` is set when none did, and says what came nearest.
    """

    status: int = 200
    headers: Headers = ()
    plan: tuple[Step, ...] = ()
    chunked: bool = False
    effects: tuple[Effect, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    route: str | None = None
    complaint: str | None = None

    @classmethod
    def whole(
        cls, body: bytes, *, status: int = 200, content_type: str, headers: Headers = ()
    ) -> Reply:
        """A reply whose body goes out in one piece, with its length."""
        length = ("content-length", str(len(body)))
        plan: tuple[Step, ...] = (Head(), Send(body)) if body else (Head(),)
        return cls(
            status=status, headers=(("content-type", content_type), length, *headers), plan=plan
        )

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: Headers = ()) -> Reply:
        """A JSON reply."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls.whole(body, status=status, content_type="application/json", headers=headers)

    def body(self) -> bytes:
        """The bytes of the body that the plan would send."""
        return b"".join(step.data for step in self.plan if isinstance(step, Send))

    def after(self, ns: int, fault: str | None = None) -> Reply:
        """The same reply, begun `ns` later."""
        return replace(self, plan=(Wait(ns, fault), *self.plan)) if ns else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a request was made, as far as that is known.

    `vars` are the variables of the session record, `plan` its tool calls for a scripted model.
    """

    session: str
    turn: int
    vars: Mapping[str, Any] = field(default_factory=dict)
    plan: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, complete. Header names are in lower case; `path` is without the query.

    `at` is the world time of its arrival in nanoseconds. `draw` is keyed by the identity of the
    call, so that whatever a service draws from it (a latency, an id) does not depend on order.
    """

    method: str
    path: str
    host: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = ()
    body: bytes = b""
    at: int = 0
    caller: Caller | None = None
    draw: Draw = _UNKEYED

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        """The body read as JSON. Raises `ValueError` where it is none."""
        return json.loads(self.body)
