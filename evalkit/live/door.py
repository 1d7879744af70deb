"""One connection's way to a service: whether it is let in, and on whose behalf each request is.

A kernel accepts connections before anybody is asked. So one that is to be refused is broken as soon
as it is known whose it is: when it is accepted, if its port or its being alone tells, else with its
first request. One that is to be slow is kept waiting then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from evalkit.journal.records import Outcome
from evalkit.live.attribution import Attribution, Correlate
from evalkit.live.meter import Spread
from evalkit.live.repeats import Answers, Repeats
from evalkit.wire import Reply, Request, Reset, Step
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS
from evalkit.world.endpoint import Admission, Endpoint, Exchange
from evalkit.world.lives import LIFE, Life


@dataclass(slots=True)
class Lives:
    """The life of the agent at hand, if it has one."""

    current: Life | None = None


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """What answers at a port: an endpoint, and what tells who asks. `port` is the port group."""

    endpoint: Endpoint
    attribution: Attribution
    lives: Lives
    own: Spread
    port: int = 0
    correlate: Correlate | None = None

    @cached_property
    def repeats(self) -> Repeats | None:
        """What is known of requests that come again; None where the endpoint knows nothing."""
        if not isinstance(self.endpoint, Answers):
            return None
        return Repeats(self.endpoint, self.attribution, self.port, self.correlate)


class Door:
    """The endpoint of one connection."""

    def __init__(self, entrance: Entrance) -> None:
        self._to = entrance
        self._repeats = entrance.repeats
        self._admitted = False

    def connecting(self) -> Admission:
        """What becomes of the connection, if that can be told already."""
        if (caller := self._to.attribution.at(self._to.port)) is None:
            return Admission()
        CALLER.set(caller)
        self._admitted = True
        return self._to.endpoint.connecting()

    def again(self, data: bytes, write: Callable[[bytes], object]) -> bool:
        """Answer a request that came before, byte for byte; False where it has to be opened."""
        life = self._to.lives.current
        if self._repeats is None or not self._admitted or (life is not None and life.over):
            return False
        return self._repeats.answer(data, write)

    def open(self, request: Request) -> Exchange:
        """Begin an exchange on behalf of whoever the request is told to be of."""
        to = self._to
        told = to.attribution.of(request, port=to.port, correlate=to.correlate)
        CALLER.set(told.caller)
        LIFE.set(to.lives.current)
        if self._admitted or told.caller is None:
            return to.endpoint.open(told.request)
        self._admitted = True
        admission = to.endpoint.connecting()
        if admission.refused or admission.unknown:
            return _Broken(admission)
        exchange = to.endpoint.open(told.request)
        if admission.wait:
            return _Late(exchange, admission)
        admission.over(Outcome.REPLIED)
        return exchange


class _Late:
    """An exchange on a connection that comes about late."""

    waits = True

    def __init__(self, exchange: Exchange, admission: Admission) -> None:
        self._exchange = exchange
        self._admission = admission
        self.played: Callable[[Step], None] = exchange.played
        self.closed: Callable[[Outcome, int], None] = exchange.closed

    async def reply(self) -> Reply | None:
        """What the exchange says, after the wait."""
        try:
            await asyncio.sleep(self._admission.wait / NS)
        except asyncio.CancelledError:
            self._admission.over(Outcome.ABANDONED)
            raise
        self._admission.over(Outcome.REPLIED)
        return await self._exchange.reply()


class _Broken:
    """The only exchange of a connection that should not have been there."""

    waits = False

    def __init__(self, admission: Admission) -> None:
        admission.over(Outcome.REFUSED)

    async def reply(self) -> Reply | None:
        """A broken connection."""
        return Reply(status=503, plan=(Reset(),))

    def played(self, step: Step) -> None:
        """It has no steps."""

    def closed(self, outcome: Outcome, sent: int) -> None:
        """It was told already."""
