"""What a client meets that asks a service of the catalogue in a simulated world."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.faults import Schedule
from evalkit.world.callers import CALLER
from evalkit.world.world import World
from tests.live.catalogue import CALLER_, Case, Told, served, told
from tests.live.clients import Client, Got, by_httpx2


@dataclass(frozen=True)
class Met:
    """What a client has, after how many seconds, and what the journal tells."""

    got: Got
    seconds: float
    told: Told


def met_in_simulation(case: Case, client: Client = by_httpx2, *, faulty: bool = True) -> Met:
    """What a client has of a case, or of the same where nothing goes wrong."""
    world = World(seed=0, starts_at="2026-01-05T09:00:00Z")
    endpoint, desk, ask = served(case, world.clock)
    if not faulty:
        desk.schedule = Schedule(rules=(), seed=0, scenario="test")
    world.serve("mock.evalkit.test", endpoint)

    async def main() -> tuple[Got, int]:
        CALLER.set(CALLER_)
        got = await client("http://mock.evalkit.test", ask)
        took = world.clock.now
        await desk.settled()
        return got, took

    got, took = world.run(main())
    return Met(got, took / 1e9, told(desk.journal))
