"""Runs a service that has to be started in a world, and what asks it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.faults import Rule, Schedule
from evalkit.journal.records import AnyRecord, CallEnded, CallStarted, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.services import load_service
from evalkit.services.base import Runs
from evalkit.suite.model import FaultRule, ServiceUse
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.world import World

URL = "http://mock.evalkit.test"
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    value: Any
    records: tuple[AnyRecord, ...]
    world: World

    def of(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.records if isinstance(each, kind)]

    @property
    def operations(self) -> list[str]:
        return [each.operation for each in self.of(CallStarted)]

    @property
    def complaints(self) -> list[str | None]:
        return [each.complaint for each in self.of(CallEnded)]

    @property
    def delivered(self) -> list[str]:
        return [each.fault for each in self.of(FaultMoved) if each.stage is Stage.DELIVERED]


def run(
    folder: Path,
    files: Mapping[str, str],
    main: Callable[[], Awaitable[Any]],
    faults: Sequence[Mapping[str, Any]] = (),
    others: Mapping[str, str] | None = None,
) -> Ran:
    """Run `main` on behalf of session `s` in front of the service of `service.yaml`, named `mock`,
    under these fault rules; `others` are services by name and definition.
    """
    for name, text in files.items():
        (folder / name).write_text(text)
    definitions = {"mock": "service.yaml", **(others or {})}
    journal = Journal()
    world = World(journal=journal)
    written = [FaultRule.model_validate(each) for each in faults]
    rules = tuple(
        Rule.parse(n, each.at, each.when, each.injected) for n, each in enumerate(written)
    )
    schedule = Schedule(rules=rules, seed=0, scenario="test")
    desk = Desk(journal=journal, clock=world.clock, schedule=schedule, seed=0)
    services = [
        load_service(name, ServiceUse(use=file), folder).fresh()
        for name, file in definitions.items()
    ]
    for service in services:
        world.serve(f"{service.name}.evalkit.test", ServiceEndpoint(service, desk))

    async def started(left: list[Any]) -> Any:
        if not left:
            CALLER.set(Caller(session="s", turn=1))
            return await main()
        if not isinstance(left[0], Runs):
            return await started(left[1:])
        async with left[0].running():
            return await started(left[1:])

    return Ran(world.run(started(services)), journal.records, world)
