"""What a service is: the one seam between a mock and all that faults, plays and records it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from evalkit.wire import Reply, Request

DEFAULT_STARTS_AT_NS = 1_767_603_600 * 1_000_000_000
"""2026-01-05T09:00:00Z in nanoseconds since 1970: when a world begins unless its suite says."""


class Service(Protocol):
    """A mock of one integration. An instance lives as long as its world, and so does its state.

    `handle` says what the healthy reply is. It never raises because of what a request holds, and
    it commits nothing: the effects stand in the reply, for whoever plays it to keep.
    """

    @property
    def name(self) -> str:
        """What the suite calls it; labels every figure."""
        ...

    @property
    def kind(self) -> str:
        """Which kind of service it is: `rest`, `openai`."""
        ...

    @property
    def waits(self) -> bool:
        """Whether `handle` may wait for anything. One that never does (latency stands in the
        reply's plan) is answered where its request arrives, without a task of its own.
        """
        ...

    @property
    def hosts(self) -> tuple[str, ...]:
        """The origins it answers beside its own name, as in `https://api.example.com`."""
        ...

    def operation(self, request: Request) -> str:
        """What the request asks for: `GET /customers/{id}`, `chat`; `METHOD path` where unknown."""
        ...

    async def handle(self, request: Request) -> Reply:
        """The healthy reply."""
        ...


@runtime_checkable
class Runs(Protocol):
    """A service that has to be started in its world, and stopped at the end."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """What it is from its start to its end. Raises `StartError` where it does not start."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """A service that keeps something for each session."""

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """What the rest of evalkit needs to know about a service. `budget_ns` is in nanoseconds.

    `shared` says that what one session does there can be felt by another (records, quotas, servers
    that all share), so that the sessions of a scenario belong in one world. `hosts` are the origins
    that it answers beside its own name, as in `https://api.example.com`.
    """

    name: str
    kind: str
    price: str | None = None
    budget_ns: int | None = None
    attempts: int | None = None
    optional: bool = False
    shared: bool = False
    hosts: tuple[str, ...] = ()
