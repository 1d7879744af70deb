"""CPU per call of the engine and the journal: what a call costs above its client and its service.

The same agent calls the same service in the same world, once bare and once as in a run: identified,
scheduled, journaled, and with the digest taken. Storing (figures, masking, Parquet) is told apart.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import tempfile
import time
from pathlib import Path

from evalkit.engine.cells import CellResult
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.events import CellKey
from evalkit.faults import Schedule
from evalkit.journal.digest import digest
from evalkit.journal.records import Outcome
from evalkit.journal.writer import Journal
from evalkit.keyed import Draw
from evalkit.services import load_service
from evalkit.services.base import Service, ServiceInfo
from evalkit.store import CellWriter
from evalkit.suite.model import ServiceUse
from evalkit.wire import Caller, Reply, Request, Step
from evalkit.world.callers import CALLER
from evalkit.world.endpoint import Admission
from evalkit.world.world import World
from tests.bench.calls import CALLS, DEFINITION, WARM_UP, agent

ROUNDS, SHOWN = 20, 15


class BareExchange:
    """What the service says, and nothing else."""

    def __init__(self, service: Service, request: Request) -> None:
        self._service, self._request = service, request
        self.waits = service.waits

    async def reply(self) -> Reply | None:
        return await self._service.handle(self._request)

    def played(self, step: Step) -> None: ...

    def closed(self, outcome: Outcome, sent: int) -> None: ...


class BareEndpoint:
    """A service in the world without an engine."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def connecting(self) -> Admission:
        return Admission()

    def open(self, request: Request) -> BareExchange:
        return BareExchange(self._service, request.arrived(0, CALLER.get(), Draw("call")))


def service_in(folder: Path) -> Service:
    (folder / "items.yaml").write_text(DEFINITION)
    return load_service("items", ServiceUse(use="items.yaml"), folder).fresh()


def spent(endpoint: BareEndpoint | ServiceEndpoint, world: World) -> float:
    """CPU microseconds per call of the agent in this world."""
    world.serve("items.test", endpoint)

    async def session() -> float:
        CALLER.set(Caller(session="s", turn=1))
        return await agent("http://items.test", 1)

    gc.collect()
    gc.disable()
    try:
        return world.run(session())
    finally:
        gc.enable()


def bare(folder: Path) -> float:
    return spent(BareEndpoint(service_in(folder)), World(journal=Journal()))


def engine(folder: Path) -> tuple[float, Journal]:
    """With the engine: the agent's calls, and the digest of their journal."""
    journal = Journal()
    world = World(journal=journal)
    schedule = Schedule(rules=(), seed=0, scenario="plain")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    took = spent(ServiceEndpoint(service_in(folder), desk), world)
    began = time.process_time()
    digest(journal.records)
    return took + (time.process_time() - began) / (CALLS + WARM_UP) * 1e6, journal


def storing(folder: Path, journal: Journal) -> float:
    """What it takes to keep the records of these calls."""
    writer = CellWriter(folder=folder)
    result = CellResult(
        cell=CellKey("plain", 0),
        records=journal.records,
        digest="",
        services=(ServiceInfo(name="items", kind="rest"),),
        cpu_ns={},
        planned=("s",),
    )
    began = time.process_time()
    writer(result)
    return (time.process_time() - began) / (CALLS + WARM_UP) * 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rounds = [(bare(folder), engine(folder)) for _ in range(ROUNDS)]
        without = min(each for each, _ in rounds)
        whole, journal = min((each for _, each in rounds), key=lambda each: each[0])
        stored = min(storing(folder, journal) for _ in range(3))
        profile = cProfile.Profile()
        profile.runcall(engine, folder)
    print(f"CPU µs per call, the best of {ROUNDS} rounds of {CALLS} calls")
    print(f"client, world and service        {without:6.0f}")
    print(f"engine and journal, digest too   {whole - without:6.0f} more")
    print(f"storing them                     {stored:6.0f} more")
    print("where the engine's and the journal's goes (own µs per call under the profiler):")
    print_profile(profile)


def print_profile(profile: cProfile.Profile) -> None:
    rows = [
        (own / (CALLS + WARM_UP) * 1e6, f"{file.rpartition('evalkit/')[2]}:{line} {function}")
        for (file, line, function), (_, _, own, _, _) in pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
        if "/evalkit/engine/" in file or "/evalkit/journal/" in file or file.endswith("keyed.py")
    ]
    for own, where in sorted(rows, reverse=True)[:SHOWN]:
        print(f"  {own:6.1f}  {where}")


if __name__ == "__main__":
    main()
