"""Serves mocks on real sockets until it is told to stop: services without an agent or sessions."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evalkit.engine.cells import SuitePlan
from evalkit.engine.correlating import correlating
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.plan import plan_suite
from evalkit.errors import UsageError
from evalkit.faults import Rule, Schedule
from evalkit.journal.identity import Place
from evalkit.journal.records import (
    AnyRecord,
    CallEnded,
    CallStarted,
    EffectCommitted,
    FaultMoved,
    Stage,
)
from evalkit.journal.writer import Journal
from evalkit.live.door import Entrance
from evalkit.live.meter import Fidelity
from evalkit.live.network import LOOPBACK
from evalkit.live.world import LiveWorld
from evalkit.services import ServiceTemplate, load_service
from evalkit.services.base import Runs
from evalkit.services.llm.providers import PROVIDERS
from evalkit.suite import load_suite
from evalkit.suite.model import FaultRule, ServiceUse
from evalkit.wire import Caller

_COLLECT_EVERY = 50_000
"""Objects that are made and not freed between two looks for garbage in cycles."""


_SESSIONS, _COMPLAINTS = 10_000, 1_000
"""Sessions that are known at a time, and complaints that are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service to be served: what it is, and what a suite says of it."""

    template: ServiceTemplate
    use: ServiceUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Mocks:
    """What to serve: services, the faults that befall them, and the sessions known by their ids."""

    services: tuple[Served, ...]
    faults: tuple[FaultRule, ...] = ()
    callers: tuple[Caller, ...] = ()
    seed: int = 0


class Tally(Journal):
    """A journal that counts and keeps nothing, so that it can go on for hours."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.complaints: Counter[str] = Counter()
        self._connecting: dict[tuple[str | None, int], str] = {}

    def call_began(self, service: str, make: Callable[..., CallStarted], *of: Any) -> None:
        """Count a call."""
        del make, of
        self.calls[service] += 1

    def call_ended(
        self, service: str, *, failed: bool, complaint: str | None, make: Callable[[], CallEnded]
    ) -> None:
        """Count how it ended."""
        del make
        self.failed[service] += failed
        if complaint:
            told = f"{service}: {complaint}"
            if told not in self.complaints and len(self.complaints) >= _COMPLAINTS:
                told = f"{service}: others"
            self.complaints[told] += 1

    def append(self, record: AnyRecord) -> None:
        """Count a record."""
        match record:
            case CallStarted():  # one that never became a request
                self.calls[record.service] += 1
                self._connecting[record.session, record.call] = record.service
            case CallEnded():
                self.failed[self._connecting.pop((record.session, record.call), "")] += (
                    record.failed
                )
            case EffectCommitted():
                self.effects[record.name] += 1
            case FaultMoved(stage=Stage.DELIVERED):
                self.faults[f"{record.service}: {record.fault}"] += 1
            case _:
                pass


class ServedDesk(Desk):
    """A desk that knows the latest sessions: those that callers name may have no end, and nobody
    says when one is over. `gone` is told of the one that was heard of first.
    """

    def __init__(self, gone: Callable[[list[str]], None], **parts: Any) -> None:
        super().__init__(**parts)
        self._gone = gone
        self._heard: OrderedDict[str, None] = OrderedDict()

    def begin(self, caller: Caller | None, service: str, operation: str, identity: str) -> Place:
        """The place of a call that begins now."""
        if caller is not None and caller.session not in self._heard:
            self._heard[caller.session] = None
            if len(self._heard) > _SESSIONS:
                gone = [self._heard.popitem(last=False)[0]]
                self.forget(gone)
                self._gone(gone)
        return super().begin(caller, service, operation, identity)


@dataclass(slots=True)
class Summary:
    """What was served."""

    tally: Tally = field(default_factory=Tally)
    fidelity: Fidelity = field(default_factory=Fidelity)


def mocks_at(paths: Sequence[Path], *, scenario: str | None, script: Path | None) -> Mocks:
    """The mocks at these paths: definitions of services, or one suite with the faults of a
    scenario. A model without a script makes its replies up.

    Raises `SuiteError` and `UsageError`.
    """
    suites = [each for each in paths if each.name.endswith(".eval.yaml")]
    if suites:
        if len(paths) > 1:
            raise UsageError("serve one suite at a time, or definitions of services")
        return _of_suite(plan_suite(load_suite(suites[0]), live=True, controls=False), scenario)
    if scenario is not None:
        raise UsageError("only a suite has scenarios")
    return Mocks(services=tuple(_definition(each, script) for each in paths))


def _of_suite(plan: SuitePlan, scenario: str | None) -> Mocks:
    names = [each.name for each in plan.scenarios]
    if scenario is not None and scenario not in names:
        raise UsageError(f"no scenario is named {scenario!r}; there are: {', '.join(names)}")
    chosen = plan.scenario(scenario or names[0])
    uses = plan.suite.services_in(chosen.scenario)
    services = tuple(
        Served(template=load_service(name, use, plan.path.parent), use=use)
        for name, use in uses.items()
    )
    callers = tuple(
        Caller(
            session=each.id,
            turn=1,
            vars=each.record.vars,
            plan=tuple({"tool": it.tool, "arguments": it.arguments} for it in each.record.plan),
        )
        for cell in chosen.cells
        for each in cell
    )
    faults = () if scenario is None else chosen.scenario.faults
    return Mocks(services=services, faults=faults, callers=callers, seed=plan.seed)


def _definition(path: Path, script: Path | None) -> Served:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    written = str(script.resolve()) if script is not None else "auto"
    use = ServiceUse(use=path.name, script=written if _is_model(path) else None)
    return Served(template=load_service(path.stem, use, path.parent), use=use)


def _is_model(path: Path) -> bool:
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        return False  # whoever reads it in earnest tells
    return isinstance(found, dict) and found.get("service") in PROVIDERS


def serve(
    mocks: Mocks,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    ready: Callable[[Mapping[str, str]], None],
) -> Summary:
    """Serve until SIGINT or SIGTERM: at `port` and those after it, or at free ones where it is 0.

    `ready` is told the base URLs by service. Raises `StartError`.
    """
    summary = Summary()
    world = LiveWorld(seed=mocks.seed, journal=summary.tally, host=host)
    world.attribution.strangers = True
    for each in mocks.callers:
        world.attribution.known(each)
    with few_collections():
        world.run(_serving(world, mocks, port, ready))
    summary.fidelity = world.fidelity()
    return summary


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage in cycles seldom, and never among what was there before: a call that is
    served leaves hardly any, and looking costs as much as serving some.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _serving(
    world: LiveWorld, mocks: Mocks, port: int, ready: Callable[[Mapping[str, str]], None]
) -> None:
    schedule = Schedule(rules=tuple(_rules(mocks.faults)), seed=mocks.seed, scenario="served")
    endpoints: list[ServiceEndpoint] = []

    def gone(sessions: list[str]) -> None:
        for each in endpoints:
            each.forget(sessions)

    desk = ServedDesk(
        gone, journal=world.journal, clock=world.clock, schedule=schedule, seed=mocks.seed
    )
    urls = {}
    async with AsyncExitStack() as stack:
        for number, served in enumerate(mocks.services):
            service = served.template.fresh()
            if isinstance(service, Runs):
                await stack.enter_async_context(service.running())
            endpoints.append(ServiceEndpoint(service, desk, served.use.ignore))
            entrance = Entrance(
                endpoint=endpoints[-1],
                attribution=world.attribution,
                lives=world.lives,
                own=world.meter.own,
                correlate=correlating(served.use.correlate),
            )
            at = await world.network.listen(entrance, port and port + number)
            urls[service.name] = f"http://{world.network.host}:{at}"
        world.meter.start()
        ready(urls)
        await asyncio.Event().wait()


def _rules(faults: Iterable[FaultRule]) -> Iterable[Rule]:
    for index, each in enumerate(faults):
        yield Rule.parse(index, each.at, each.when, each.injected)
