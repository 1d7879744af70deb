"""What a route does with a queue of messages: put, take, acknowledge, release, poll, count.

Who takes a message has a lease of it, and acknowledges or releases that: by a lease that is over
nothing can be done (409), for somebody else may have the message. The same again is answered the
same (204) and changes nothing, so that either is safe to repeat. Like an operation on a store,
none changes anything by itself: the change goes with the effect of the reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from evalkit.services.forms import read_body
from evalkit.services.queues.compiled import CompiledQueue
from evalkit.services.queues.line import Line
from evalkit.services.queues.message import Lease, Message, Status
from evalkit.services.rest.operations import Done, RefusedError
from evalkit.services.rest.routing import Pattern
from evalkit.services.rest.variables import iso
from evalkit.units import SECOND
from evalkit.wire import Request

Verb: TypeAlias = Literal["put", "take", "acknowledge", "release", "poll", "counts"]
VERBS: tuple[Verb, ...] = ("put", "take", "acknowledge", "release", "poll", "counts")
OWN: tuple[Verb, ...] = ("take", "acknowledge", "release", "counts")
"""Those that only queues of messages know; people's tasks are put and polled too."""

AT_KEY: Mapping[Verb, str] = {"acknowledge": "lease", "release": "lease", "poll": "id"}
"""Those that need an id in the path: of a lease, or of a message."""

_COMMITTED = {"put": "put", "take": "taken", "acknowledge": "acknowledged", "release": "released"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What one route does with one queue. `parameter` is that of the path which holds the id, and
    `polled` the route that reads the state of a message.
    """

    verb: Verb
    queue: CompiledQueue
    parameter: str | None
    polled: Pattern | None

    @property
    def effect(self) -> str:
        """The effect that it is, unless the route names its own."""
        return f"{self.queue.name}.{_COMMITTED.get(self.verb, self.verb)}"

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.verb not in _COMMITTED

    @property
    def adds(self) -> str:
        """The variable that it adds for the route's replies and its effect."""
        return "counts" if self.verb == "counts" else "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a request asks of a queue, at a moment."""

    consumption: Consumption
    line: Line
    at: int
    starts_at_ns: int

    def view(self, message: Message, **more: Any) -> dict[str, Any]:
        """What is told of a message."""
        status = message.status(self.at, self.line.tries)
        return {
            "id": message.id,
            "status": status.value,
            "body": message.body,
            "put_at": self.told(message.put),
            "tries": len(message.leases),
            **more,
        }

    def told(self, at: int) -> str:
        """A world time as it is told."""
        return iso(self.starts_at_ns + at)


def consume(
    consumption: Consumption,
    line: Line,
    variables: Mapping[str, Any],
    request: Request,
    *,
    at: int,
    starts_at_ns: int,
) -> Done:
    """What comes of it. `at` is the world time of the reply in nanoseconds. Raises `RefusedError`
    and `BodyError`.
    """
    asked = _Asked(consumption=consumption, line=line, at=at, starts_at_ns=starts_at_ns)
    id_ = "" if consumption.parameter is None else variables["path"][consumption.parameter]
    match consumption.verb:
        case "put":
            return _put(asked, variables["path"], request)
        case "take":
            return _taken(asked, request)
        case "counts":
            counts = line.counts(at)
            return Done(variables={"counts": counts}, value=counts)
        case "poll":
            return _polled(asked, id_)
    return _ended(asked, id_)


def _put(asked: _Asked, path: Mapping[str, str], request: Request) -> Done:
    queue, polled = asked.consumption.queue, asked.consumption.polled
    body = read_body(request) if request.body.strip() else None
    message = queue.message(body, request.draw, asked.at)
    view = asked.view(message)
    place = None
    if polled is not None:
        place = polled.filled({**path, polled.last_parameter or "": message.id})
    return Done(
        variables={"message": view},
        status=201,
        value=view,
        headers=() if place is None else (("location", place),),
        change=partial(asked.line.put, message),
        key=(message.id,),
        data={"id": message.id, "body": body},
    )


def _taken(asked: _Asked, request: Request) -> Done:
    """The next message, or a 204 that says when to ask again."""
    queue = asked.consumption.queue
    found = asked.line.next(asked.at)
    if found is None:
        again = (("retry-after", str(-(-queue.ask_again // SECOND))),)
        return Done(variables={"message": None}, status=204, headers=again)
    lease = queue.leased(request.draw, asked.at)
    message = found.taken(lease)
    view = asked.view(message, lease=lease.id, lease_ends_at=asked.told(lease.until))
    return Done(
        variables={"message": view},
        value=view,
        change=partial(asked.line.take, message.id, lease),
        key=(message.id, str(len(message.leases))),
        data={"id": message.id, "try": len(message.leases), "until": view["lease_ends_at"]},
    )


def _polled(asked: _Asked, id_: str) -> Done:
    message = asked.line.get(id_)
    if message is None or message.put > asked.at:
        raise _nothing(asked, "message", id_)
    view = asked.view(message)
    return Done(variables={"message": view}, value=view)


def _ended(asked: _Asked, lease: str) -> Done:
    """A lease that is acknowledged or released; one that was before is none the worse for it."""
    message = asked.line.of_lease(lease)
    if message is None:
        raise _nothing(asked, "lease", lease)
    verb, number = asked.consumption.verb, [each.id for each in message.leases].index(lease) + 1
    held = message.leases[number - 1]
    wanted = {"message": asked.view(message)}
    if verb == "acknowledge" and message.acknowledged and number == len(message.leases):
        return Done(variables=wanted, status=204)
    if verb == "release" and held.released and not message.acknowledged:
        return Done(variables=wanted, status=204)
    _refuse_late(asked, message, held, number)
    ended = message.released(asked.at) if verb == "release" else message
    data: dict[str, Any] = {"id": message.id, "try": number}
    if verb == "release":
        data["dead"] = ended.status(asked.at, asked.line.tries) is Status.DEAD
        change = partial(asked.line.release, lease, asked.at)
    else:
        change = partial(asked.line.acknowledge, lease)
    key = (message.id, str(number)) if verb == "release" else (message.id,)
    return Done(
        variables={"message": asked.view(ended)}, status=204, change=change, key=key, data=data
    )


def _refuse_late(asked: _Asked, message: Message, held: Lease, number: int) -> None:
    over = asked.at >= held.until or number < len(message.leases) or message.acknowledged
    if over:
        what = f"the lease {held.id!r} of {message.id} is over"
        raise RefusedError(409, "lease_over", what)


def _nothing(asked: _Asked, what: str, id_: str) -> RefusedError:
    name = asked.consumption.queue.name
    return RefusedError(404, "not_found", f"{name} has no {what} {id_[:100]!r}")
