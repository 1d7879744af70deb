"""A reply as a plan of steps, and what may be known of it beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from evalkit.keyed import Draw
from evalkit.quick import quick
from evalkit.wire.effects import Callback, Effect
from evalkit.wire.headers import Headers
from evalkit.wire.said import Said, Telling, Usage
from evalkit.wire.steps import Follow, Head, Send, Step, Stream, Wait


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
