"""A service in a world of its own, for official clients to talk to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Schedule
from evalkit.journal.records import CallEnded, CallStarted
from evalkit.journal.writer import Journal
from evalkit.services import Service
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.services.asking import ANN

MS = 1_000_000
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Played:
    """What came of it: what the agent returned, when it was done, and the calls it made."""

    value: Any
    now: int
    begun: list[CallStarted]
    ended: list[CallEnded]

    @property
    def statuses(self) -> list[int | None]:
        return [each.status for each in self.ended]


def play(
    service: Service,
    agent: Callable[[], Coroutine[Any, Any, Any]],
    *,
    host: str,
    caller: Caller | None = ANN,
) -> Played:
    """Run an agent against a service that answers at a host."""
    journal = Journal()
    world = World(journal=journal)
    schedule = Schedule(rules=(), seed=0, scenario="plain")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    world.serve(host, ServiceEndpoint(service, desk))

    async def session() -> Any:
        CALLER.set(caller)
        return await agent()

    value = world.run(session())
    records = journal.records
    return Played(
        value=value,
        now=world.clock.now,
        begun=[each for each in records if isinstance(each, CallStarted)],
        ended=[each for each in records if isinstance(each, CallEnded)],
    )
