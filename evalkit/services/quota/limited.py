"""Any service with limits before it.

A request counts when it arrives, whatever a fault makes of its reply: it was there, and made others
wait. One that is refused counts for nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from evalkit.faults.envelope import envelope_of, error_body
from evalkit.latency import Latency
from evalkit.services.base import Runs, Service
from evalkit.services.quota.clients import client_of
from evalkit.services.quota.limits import Bucket, Concurrency, Limit, Standing, TokenWindow, Window
from evalkit.services.quota.model import LimitsPart, QuotaPart
from evalkit.services.quota.servers import Servers
from evalkit.units import SECOND
from evalkit.wire import Headers, Reply, Request, Wait


@dataclass(frozen=True, slots=True)
class _Rule:
    """A limit with the operations that it is about, for all or for each client."""

    part: QuotaPart
    starts_at_ns: int
    limits: dict[str | None, Limit] = field(default_factory=dict)

    def limit(self, request: Request) -> Limit:
        """The limit of whoever asks."""
        client = client_of(request) if self.part.each else None
        found = self.limits.get(client)
        if found is None:
            found = self.limits[client] = _limit(self.part, self.starts_at_ns)
        return found


class LimitedService:
    """A service that takes only so much. It refuses with a true Retry-After, and its headers count
    down what is left of the tightest limit.
    """

    def __init__(self, service: Service, limits: LimitsPart, *, starts_at_ns: int) -> None:
        self._service = service
        self._rules = [_Rule(part, starts_at_ns) for part in limits.quota]
        self._servers: Servers | None = None
        self._duration: Latency | None = None
        self._full = 503
        if limits.capacity is not None:
            self._servers = Servers(limits.capacity.servers, limits.capacity.queue)
            self._duration = limits.capacity.service
            self._full = limits.capacity.status

    @property
    def name(self) -> str:
        """That of the service."""
        return self._service.name

    @property
    def kind(self) -> str:
        """That of the service."""
        return self._service.kind

    @property
    def waits(self) -> bool:
        """Whether the service may wait; the limits do not."""
        return self._service.waits

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those of the service."""
        return self._service.hosts

    def operation(self, request: Request) -> str:
        """What the request asks for."""
        return self._service.operation(request)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The service, started where it has to be."""
        if isinstance(self._service, Runs):
            async with self._service.running():
                yield
        else:
            yield

    async def handle(self, request: Request) -> Reply:
        """The reply of the service, later where it is busy; a refusal beyond a limit."""
        operation = self._service.operation(request)
        rules = [rule for rule in self._rules if fnmatchcase(operation, rule.part.at)]
        limits = [(rule.limit(request), rule.part.status) for rule in rules]
        refusal = self._refusal(limits, request.at)
        if refusal is not None:
            return replace(refusal, route=operation)
        reply = await self._worked_on(request)
        until = request.at + sum(step.ns for step in reply.plan if isinstance(step, Wait))
        tokens = 0 if reply.usage is None else reply.usage.input + reply.usage.output
        for limit, _ in limits:
            limit.take(request.at, until, tokens)
        return replace(reply, headers=(*reply.headers, *_told(limits, request.at)))

    def _refusal(self, limits: Sequence[tuple[Limit, int]], at: int) -> Reply | None:
        """The refusal of a request that has no room; its Retry-After is when all have."""
        waits = [(limit.wait(at), status) for limit, status in limits]
        if self._servers is not None:
            waits.append((self._servers.wait(at), self._full))
        wait, status = max(waits, default=(0, 0))
        if wait == 0:
            return None
        body = error_body(envelope_of(self.kind), status)
        headers = (("retry-after", str(_seconds(wait))), *_told(limits, at))
        return Reply.json(body, status=status, headers=headers)

    async def _worked_on(self, request: Request) -> Reply:
        """The reply once a server has worked on the request."""
        if self._servers is None:
            return await self._service.handle(request)
        duration = 0
        if self._duration is not None:
            duration = self._duration.sample(request.draw.at("service"))
        queued = self._servers.start(request.at) - request.at + duration
        reply = await self._service.handle(replace(request, queued=queued))
        if self._duration is None:
            duration = sum(step.ns for step in reply.plan if isinstance(step, Wait))
        self._servers.serve(request.at, duration)
        return reply.after(queued)


def _limit(part: QuotaPart, starts_at_ns: int) -> Limit:
    if part.tokens is not None and part.per is not None:
        return TokenWindow(part.tokens, part.per, starts_at_ns)
    if part.requests is not None and part.per is not None:
        return Window(part.requests, part.per, starts_at_ns)
    if part.burst is not None and part.refill is not None:
        return Bucket(part.burst, part.refill)
    assert part.concurrent is not None
    return Concurrency(part.concurrent)


def _told(limits: Sequence[tuple[Limit, int]], at: int) -> Headers:
    """What is left, in the headers that most APIs have: of the limit with the least left."""
    standings = [limit.standing(at) for limit, _ in limits]
    known = [each for each in standings if each is not None]
    if not known:
        return ()
    tightest = min(known, key=_share)
    return (
        ("x-ratelimit-limit", str(tightest.limit)),
        ("x-ratelimit-remaining", str(tightest.left)),
        ("x-ratelimit-reset", str(_seconds(tightest.reset))),
    )


def _share(standing: Standing) -> tuple[float, int]:
    return standing.left / standing.limit, -standing.reset


def _seconds(ns: int) -> int:
    """Whole seconds, as headers tell them; never too few."""
    return -(-ns // SECOND)
