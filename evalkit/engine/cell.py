"""Runs one cell: a fresh world with its services, the agent, and a block of sessions."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import TypeAlias

from evalkit.agents import open_process
from evalkit.agents.mailbox import Mailbox
from evalkit.engine.cells import CellResult, PlannedSession, ScenarioPlan, SuitePlan
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.events import CellKey
from evalkit.engine.hosts import declared_hosts, host_of
from evalkit.engine.interrupts import CellInterrupted
from evalkit.engine.judging import judge_journal
from evalkit.engine.sessions import Replay
from evalkit.faults import Rule, Schedule
from evalkit.journal.digest import digest
from evalkit.journal.records import End
from evalkit.journal.views import JournalView
from evalkit.journal.writer import Journal
from evalkit.services import ServiceTemplate, load_service
from evalkit.services.base import Runs
from evalkit.suite.hosts import CALLER_HOST
from evalkit.suite.model import ServiceUse
from evalkit.world.clock import epoch_ns
from evalkit.world.world import World

Templates: TypeAlias = Mapping[str, Sequence[ServiceTemplate]]
"""The services of each scenario, by its name."""


class Cell:
    """One cell, ready to run in this process. `progress` is told how many sessions are over and
    how many of them did not complete.
    """

    def __init__(
        self,
        plan: SuitePlan,
        templates: Templates,
        key: CellKey,
        progress: Callable[[int, int], None],
    ) -> None:
        self._plan = plan
        self._templates = templates[key.scenario]
        self._key = key
        self._scenario: ScenarioPlan = plan.scenario(key.scenario)
        self._sessions: tuple[PlannedSession, ...] = self._scenario.cells[key.index]
        self._progress = progress
        self._done = self._not_completed = 0
        self._in_sessions = self._judging = False
        self._journal = Journal()
        self._world = World(seed=plan.seed, starts_at=plan.suite.starts_at, journal=self._journal)
        self._desk = Desk(
            journal=self._journal,
            clock=self._world.clock,
            schedule=_schedule(plan, self._scenario),
            seed=plan.seed,
        )
        self._endpoints: list[ServiceEndpoint] = []
        self._mailbox = Mailbox()
        self._replay: Replay | None = None

    def position(self) -> object:
        """Something that changes as long as the cell moves.

        Deadlines bound the time that sessions can take; while the agent is being started or
        stopped, time that passes is no progress.
        """
        if self._judging:
            return object()
        moment = self._world.clock.now // _TICK if self._in_sessions else 0
        return moment, len(self._journal)

    def run(self) -> CellResult:
        """Run it to its end, or to an interruption. Raises `StartError` where the agent cannot be
        started.
        """
        complete = True
        with _environment(self._plan.environment), _garbage_kept():
            try:
                self._world.run(self._main())
            except CellInterrupted:
                complete = False
        self._judging = True
        view = JournalView.of(self._journal.records)
        if not complete:
            # What an interruption cut off is no mistake of the agent's.
            view = replace(view, sessions=tuple(each for each in view.sessions if each.ended))
        judged = judge_journal(self._plan, self._scenario, self._key.index, view)
        for finding in judged.findings:
            self._journal.append(finding)
        return CellResult(
            cell=self._key,
            records=self._journal.records,
            digest=digest(self._journal.records),
            services=self._plan.services,
            cpu_ns={} if self._replay is None else self._replay.cpu.shares(),
            planned=tuple(each.id for each in self._sessions),
            complete=complete,
            virtual_ns=self._world.clock.now,
            crashes=judged.crashes,
        )

    async def _main(self) -> None:
        self._serve()
        restarts = self._desk.restarts
        async with AsyncExitStack() as stack:
            for each in self._endpoints:
                if isinstance(each.service, Runs):
                    await stack.enter_async_context(each.service.running())
            kill_by = restarts.kill_by if restarts.any else None
            agent = await stack.enter_async_context(
                open_process(self._plan.suite.agent, self._plan.path.parent, kill_by, self._mailbox)
            )
            self._desk.callbacks.reach(agent)
            self._replay = Replay(
                agent=agent,
                desk=self._desk,
                settings=self._scenario.settings,
                most_turns=self._plan.suite.agent.concurrency,
                arriving=self._arriving,
                ended=self._ended,
            )
            self._in_sessions = True
            await self._replay.run(self._sessions)
            await self._desk.settled()
            self._in_sessions = False

    def _serve(self) -> None:
        for template in self._templates:
            service = template.fresh()
            ignore = self._plan.suite.services[service.name].ignore
            endpoint = ServiceEndpoint(service, self._desk, ignore)
            self._endpoints.append(endpoint)
            for host in (host_of(service.name), *declared_hosts(template.info.hosts)):
                self._world.serve(host, endpoint)
        if self._plan.suite.agent.callback is not None:
            self._world.serve(CALLER_HOST, self._mailbox)

    def _arriving(self, session: str) -> None:
        """Arm the connect faults of a session: it must not find an open connection."""
        for endpoint in self._endpoints:
            if endpoint.refuses(session):
                self._world.network.close_idle(endpoint)

    def _ended(self, end: End) -> None:
        self._done += 1
        self._not_completed += end is not End.COMPLETED
        gc.collect(_OLDEST if self._done % _FULL_EVERY == 0 else _YOUNG)
        self._progress(self._done, self._not_completed)


def load_templates(plan: SuitePlan) -> Templates:
    """The services of each scenario, read and compiled once, to be made fresh for every world."""
    starts_at = epoch_ns(plan.suite.starts_at)
    loaded: list[tuple[str, ServiceUse, ServiceTemplate]] = []

    def load(name: str, use: ServiceUse) -> ServiceTemplate:
        known = (made for named, of, made in loaded if (named, of) == (name, use))
        if (template := next(known, None)) is None:
            template = load_service(name, use, plan.path.parent, starts_at_ns=starts_at)
            loaded.append((name, use, template))
        return template

    return {
        each.name: [load(name, use) for name, use in plan.suite.services_in(each.scenario).items()]
        for each in plan.scenarios
    }


def _schedule(plan: SuitePlan, scenario: ScenarioPlan) -> Schedule:
    rules = tuple(
        Rule.parse(index, each.at, each.when, each.injected)
        for index, each in enumerate(scenario.scenario.faults)
    )
    return Schedule(rules=rules, seed=plan.seed, scenario=scenario.name)


_TICK = 1_000_000  # nanoseconds of world time: less than that is no progress
_YOUNG, _OLDEST = 1, 2  # generations of the garbage collector
_FULL_EVERY = 20  # sessions


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Collect garbage between sessions only.

    Finalizers do things (they close generators and connections), and left to itself the collector
    runs after so many allocations, those of other threads among them: at another moment each time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """The agent's environment: what the suite sets, and no proxy of the machine's."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower() in _PROXIES:
            del os.environ[name]
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
