"""What goes over the wire: a request as a service sees it, and a reply as a plan of steps.

A service says what the healthy reply is, a fault transforms its plan, a network plays it. None of
the three knows the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

from evalkit.keyed import Draw
from evalkit.quick import quick

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Fields(tuple[tuple[str, str], ...]):  # noqa: SLOT001 - it keeps what it looked up
    """Headers that are asked for by name more than once. Pickled they are a plain tuple."""

    @cached_property
    def named(self) -> Mapping[str, str]:
        """The first value of each name."""
        return dict(reversed(self))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return tuple, (tuple(self),)


@quick
@dataclass(frozen=True, slots=True)
class Wait:
    """Let `ns` nanoseconds pass. Waits add up from the arrival of the request, so none drifts."""

    ns: int
    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Head:
    """Send the status line and the headers."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes of the body, framed as the reply is framed.

    `whole` says that its client then has all of the reply, though the body be not at its end.
    """

    data: bytes
    fault: str | None = None
    whole: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Raw:
    """Send bytes as they are, without any framing."""

    data: bytes
    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more and keep the connection open until the client gives up."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in order (FIN), whatever is still owed."""

    fault: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection (RST)."""

    fault: str | None = None


class Stream(Protocol):
    """The body of a reply that is still being made while it is played."""

    @property
    def complaint(self) -> str | None:
        """What went wrong with it, if anything did."""
        ...

    def body(self) -> bytes:
        """What has come of it, as far as it is kept."""
        ...

    def listen(self, heard: Callable[[Step | None], None]) -> None:
        """Tell the steps that have come, in order, then each as it comes; None is the end."""
        ...

    def leave(self) -> None:
        """Nobody listens any more."""
        ...

    async def gathered(self) -> tuple[Step, ...]:
        """All of its steps with the waits between them, once it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Follow:
    """Send what comes of a stream as it comes, framed as the reply is framed."""

    stream: Stream
    fault: str | None = None


Step: TypeAlias = Wait | Head | Send | Raw | Stall | Cut | Reset | Follow
ENDS_CONNECTION = (Stall, Cut, Reset)

_UNKEYED = Draw("request")


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one model call.

    `input` counts all that was read, and of it `cached` from a cache and `cache_write` into one;
    `output` counts all that was written, and of it `reasoning` that was thought and not said.
    """

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change that a service commits because of a call.

    `key` is the business key: two effects of one name and key are the same change made twice.
    `commit` makes the change in the service itself; where an effect is dropped it is never called.
    It commits at once, or `after` nanoseconds, or, if `overtaken`, when the next effects of its
    session have been committed. `fault` names the fault that changed any of this.
    """

    name: str
    key: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    commit: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    after: int = 0
    overtaken: bool = False
    fault: str | None = None


class Allows(Protocol):
    """What a contract allows a JSON body to be."""

    def allows(self, value: Any) -> bool:
        """Whether it takes this value."""
        ...

    def another(self, draw: Draw) -> Any:
        """Another value that it takes, of some other record; None where none can be made."""
        ...


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an operation replied before in the same session; `same` means to the same request."""

    same: bool
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request that a service makes of the agent because of a call: a webhook.

    It is sent `after` nanoseconds, under the same `id` each time. An attempt fails where the answer
    is not 2xx or takes longer than `timeout`; each wait in `retries` is followed by another one.
    `signed` gives the headers that sign a body at a wall time (nanoseconds since 1970).
    """

    name: str
    id: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    after: int = 0
    timeout: int = 10_000_000_000
    retries: tuple[int, ...] = ()
    signed: Callable[[bytes, int], Headers] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """With what authority a request was made: the scopes that its credential `had`, and those that
    the operation `used`.

    `under` is what the service would have replied to other scopes, `ended` what it replies once it
    has ended the credential; faults of authority choose between them. `grant` is the OAuth grant
    type where the request asked for a token.
    """

    had: tuple[str, ...]
    used: tuple[str, ...]
    grant: str | None = None
    under: Callable[[tuple[str, ...]], Reply] = field(compare=False, repr=False)
    ended: Callable[[], Reply] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a model says in a reply. `calls` are pairs of a tool and its arguments as JSON text.

    `ended` says why it stops: of itself, because its tokens were used up, or by a content filter.
    `confidence` is the probability of each of its tokens.
    """

    text: str | None = None
    refusal: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    ended: Literal["itself", "length", "filter"] = "itself"
    confidence: float | None = None


Telling: TypeAlias = Literal["finish", "done", "usage", "content"]
"""Parts of a model's reply on the wire: why it ended, the event that says that no more comes, the
tokens used, and what was said.
"""


class Speech(Protocol):
    """What a model said in a reply, and how its service would have told it otherwise."""

    @property
    def said(self) -> Said:
        """What it said."""
        ...

    @property
    def streams(self) -> bool:
        """Whether the reply is a stream."""
        ...

    def saying(self, said: Said) -> Reply:
        """The reply if the model had said this."""
        ...

    def paced(self, tokens_per_second: float) -> Reply:
        """The reply if the model spoke at this pace."""
        ...

    def too_long(self) -> Reply:
        """The refusal of a conversation that does not fit the model's context."""
        ...

    def without(self, reply: Reply, part: Telling, fault: str) -> Reply:
        """The reply, which may have been changed, without a part of it wherever that stands."""
        ...

    def says(self, event: bytes) -> bool:
        """Whether an event of the stream holds something of what the model says."""
        ...

    def failing(self, status: int, number: int) -> bytes:
        """What tells of an error in a reply that began well: of a stream its event of this number
        from 0, else the body.
        """
        ...


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a service sends back.

    `plan` is played in order. `chunked` says that body bytes go out in chunks, each `Send` one
    chunk; otherwise `headers` carries the content length, or the end of the connection is the end
    of the body. `effects` are committed when the service takes the request on, and what `taken`
    holds is called then: what the service remembers that is no effect (a key, a token). A fault
    that answers in its place drops both, and the `callbacks` that the call causes. `access` is set
    where the service asks who calls. `route` names the route or rule that answered; `complaint` is
    set when none did, and says what came nearest. `breaches` says how the request broke the
    service's contract, and `contract` what that allows in the body's place. `failed` says that the
    reply tells of a failure whatever its status. `stays_open` says that it has no end of its own:
    the call is over once it has begun, and what follows comes unasked. `speech` is set where a
    model speaks.
    """

    status: int = 200
    headers: Headers = ()
    plan: tuple[Step, ...] = ()
    chunked: bool = False
    effects: tuple[Effect, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    route: str | None = None
    complaint: str | None = None
    failed: bool = False
    stays_open: bool = False
    access: Access | None = None
    taken: tuple[Callable[[], None], ...] = field(default=(), compare=False, repr=False)
    breaches: tuple[str, ...] = ()
    contract: Allows | None = field(default=None, compare=False, repr=False)
    earlier: tuple[Earlier, ...] = field(default=(), compare=False, repr=False)
    speech: Speech | None = field(default=None, compare=False, repr=False)

    @classmethod
    def whole(
        cls,
        body: bytes,
        *,
        status: int = 200,
        content_type: str,
        headers: Headers = (),
        effects: tuple[Effect, ...] = (),
        route: str | None = None,
    ) -> Reply:
        """A reply whose body goes out in one piece, with its length."""
        length = ("content-length", str(len(body)))
        plan: tuple[Step, ...] = (Head(), Send(body)) if body else (Head(),)
        headers = (("content-type", content_type), length, *headers)
        return cls(status=status, headers=headers, plan=plan, effects=effects, route=route)

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: Headers = ()) -> Reply:
        """A JSON reply."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls.whole(body, status=status, content_type="application/json", headers=headers)

    def committing(self, *effects: Effect) -> Reply:
        """The same reply, with these changes beside those that it makes."""
        return replace(self, effects=(*self.effects, *effects))

    def body(self) -> bytes:
        """The bytes of the body that the plan would send; of a stream what has come of it."""
        parts = []
        for step in self.plan:
            if type(step) is Send:
                parts.append(step.data)
            elif type(step) is Follow:
                parts.append(step.stream.body())
        return b"".join(parts)

    @property
    def stream(self) -> Stream | None:
        """The stream in its plan, if there is one."""
        for step in self.plan:
            if type(step) is Follow:
                return step.stream
        return None

    @property
    def trouble(self) -> str | None:
        """Its complaint, or that of its stream."""
        stream = self.stream
        return self.complaint or (None if stream is None else stream.complaint)

    async def gathered(self) -> Reply:
        """The same reply once its stream has ended, with that as steps of its plan."""
        plan: list[Step] = []
        for step in self.plan:
            plan += await step.stream.gathered() if isinstance(step, Follow) else (step,)
        return replace(self, plan=tuple(plan))

    def after(self, ns: int, fault: str | None = None) -> Reply:
        """The same reply, begun `ns` later."""
        return replace(self, plan=(Wait(ns, fault), *self.plan)) if ns else self


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
