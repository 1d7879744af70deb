"""The answers to requests that came before, byte for byte, on behalf of the same caller.

To find out again what was found out before is most of what a call costs. A service may say of a
request that the replies to it differ in nothing but a few texts drawn for each (ids, the moment).
Two such replies are compared on the wire, and if that is so, they are the template of every other:
what is left to do is to place the call, to draw its texts, and to journal it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from evalkit.engine.desk import Desk
from evalkit.engine.exchange import KEPT_BODY
from evalkit.journal.identity import Place
from evalkit.journal.patience import told_of_retries
from evalkit.journal.records import CallEnded, CallStarted, Outcome
from evalkit.keyed import Draw
from evalkit.services.base import Service
from evalkit.wire import Reply, Request
from evalkit.world.http import run_through
from evalkit.world.player import head_of, is_whole

_SHORTEST = 10  # bytes of a drawn text that are known wherever they stand
_TRIED = ((Draw("one reply"), 0), (Draw("another"), 3_000_000_000))

Started: TypeAlias = Callable[[Place, Request, int], CallStarted]
"""Makes the record of a call's beginning, at a world time in nanoseconds."""


@runtime_checkable
class Settles(Service, Protocol):
    """A service that knows of some requests that the replies to them are much the same."""

    def settled(self, request: Request) -> bool:
        """Whether the replies to a request depend on nothing but it, its caller and `drawn`."""
        ...

    def drawn(self, draw: Draw, at: int) -> tuple[bytes, ...]:
        """The texts drawn for a reply at a world time in nanoseconds, each always as long."""
        ...


class Repeated:
    """The answer to one request of one caller, whenever it comes."""

    def __init__(
        self, service: Settles, desk: Desk, request: Request, identity: str, started: Started
    ) -> None:
        self._service = service
        self._desk = desk
        self._request = request
        self._called = request.caller, service.name, service.operation(request), identity
        self._started = started

    @classmethod
    def of(
        cls, service: Service, desk: Desk, request: Request, identity: str, started: Started
    ) -> Repeated | None:
        """That to a request; None where more has to be found out each time that it comes."""
        if desk.schedule.rules or service.waits or not isinstance(service, Settles):
            return None
        made = cls(service, desk, request, identity, started)
        return made if service.settled(request) and made._learned() else None

    def _learned(self) -> bool:
        one, other = (self._tried(draw, at) for draw, at in _TRIED)
        if one is None or other is None:
            return False
        self._reply, wire, texts = one
        self._template, self._order = _template(wire, texts)
        self._head = len(wire) - len(self._reply.body())
        return self._filled(other[2]) == other[1]

    def _tried(self, draw: Draw, at: int) -> tuple[Reply, bytes, tuple[bytes, ...]] | None:
        """A reply that was drawn so, on the wire, and what was drawn; None where it does more than
        tell something.
        """
        asked = self._request.arrived(at, self._request.caller, draw)
        reply = run_through(self._service.handle(asked))
        if reply is None or reply.status >= 400 or reply.failed or reply.trouble:
            return None
        if reply.effects or reply.taken or reply.callbacks or told_of_retries(reply.headers):
            return None
        if not is_whole(reply):
            return None
        return reply, head_of(reply, close=False) + reply.body(), self._service.drawn(draw, at)

    def _filled(self, texts: Sequence[bytes]) -> bytes:
        return self._template % tuple([texts[each] for each in self._order])

    def answer(self, write: Callable[[bytes], object]) -> None:
        """Answer it as it comes now."""
        desk, service = self._desk, self._service
        place, now = desk.begin(*self._called), desk.clock.now
        desk.journal.call_began(service.name, self._started, place, self._request, now)
        data = self._filled(service.drawn(desk.draw(place), now))
        write(data)
        desk.identities.end(place, failed=False)

        def ended() -> CallEnded:
            return self._ended(place, data)

        desk.journal.call_ended(service.name, failed=False, complaint=None, make=ended)

    def _ended(self, place: Place, data: bytes) -> CallEnded:
        now, reply = self._desk.clock.now, self._reply
        return CallEnded(
            at=now,
            session=place.session,
            turn=place.turn,
            call=place.call,
            outcome=Outcome.REPLIED,
            status=reply.status,
            first_byte=now,
            first_token=now,
            last_token=now,
            sent=len(data),
            body=data[self._head : self._head + KEPT_BODY],
            model=reply.model,
            usage=reply.usage,
            route=reply.route,
            breaches=reply.breaches,
            scopes_had=None if reply.access is None else reply.access.had,
            scopes_used=() if reply.access is None else reply.access.used,
        )


def _template(wire: bytes, texts: Sequence[bytes]) -> tuple[bytes, tuple[int, ...]]:
    """The format that makes a reply of its texts, and which of them each of its places takes."""
    pieces: list[bytes] = []
    order: list[int] = []
    done = 0
    for start, end, number in sorted(_places(wire, texts)):
        pieces += (wire[done:start].replace(b"%", b"%%"), b"%%.%db" % (end - start))
        order.append(number)
        done = end
    return b"".join((*pieces, wire[done:].replace(b"%", b"%%"))), tuple(order)


def _places(wire: bytes, texts: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    """Where texts stand, from and to, and which: of a long one there may be the beginning alone."""
    for number, text in enumerate(texts):
        start = wire.find(text[:_SHORTEST])
        while start >= 0:
            size = _SHORTEST
            while size < len(text) and wire.startswith(text[: size + 1], start):
                size += 1
            yield start, start + size, number
            start = wire.find(text[:_SHORTEST], start + size)
