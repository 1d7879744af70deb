"""Runs one cell: a fresh world with its services, the agent, and a block of sessions."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Set
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    contextmanager,
)
from dataclasses import replace
from typing import Any, Protocol

from evalkit.agents import open_process
from evalkit.agents.living import Kill, Process
from evalkit.agents.mailbox import Mailbox
from evalkit.engine.cells import CellResult, PlannedSession, ScenarioPlan, SuitePlan
from evalkit.engine.desk import Desk
from evalkit.engine.endpoint import ServiceEndpoint
from evalkit.engine.events import CellKey
from evalkit.engine.hosts import declared_hosts, host_of
from evalkit.engine.interrupts import CellInterrupted
from evalkit.engine.judging import judge_journal
from evalkit.engine.logs import AgentLog, agent_log
from evalkit.engine.opened import what_was_opened
from evalkit.engine.sessions import Replay
from evalkit.engine.templates import Templates
from evalkit.faults import Rule, Schedule
from evalkit.journal.digest import digest
from evalkit.journal.records import End
from evalkit.journal.views import JournalView
from evalkit.journal.writer import Journal
from evalkit.live.environment import without_proxies
from evalkit.live.meter import Fidelity
from evalkit.services import ServiceTemplate
from evalkit.services.base import Runs
from evalkit.suite.hosts import CALLER_HOST
from evalkit.world.clock import Clock
from evalkit.world.endpoint import Endpoint
from evalkit.world.world import World


class _Network(Protocol):
    def close_idle(self, endpoint: Endpoint) -> None: ...


class AnyWorld(Protocol):
    """A world, simulated or live."""

    @property
    def clock(self) -> Clock:
        """Its clock."""
        ...

    @property
    def network(self) -> _Network:
        """Its network."""
        ...

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run `main` inside it."""
        ...


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
        self._journal = self._made_journal()
        self._world = self._make_world()
        self._desk = Desk(
            journal=self._journal,
            clock=self._world.clock,
            schedule=_schedule(plan, self._scenario),
            seed=plan.seed,
        )
        self._endpoints: list[ServiceEndpoint] = []
        self._mailbox = Mailbox()
        self._replay: Replay | None = None
        self._log: AgentLog | None = None

    def _made_journal(self) -> Journal:
        """The journal of the cell."""
        return Journal()

    def _make_world(self) -> AnyWorld:
        """The world of the cell."""
        return World(
            seed=self._plan.seed,
            starts_at=self._plan.suite.starts_at,
            journal=self._journal,
            patience=None,  # deadlines and the watchdog end what waits for ever
        )

    def position(self) -> object:
        """Something that changes as long as the cell moves.

        Deadlines bound the time that sessions can take; while the agent is being started or
        stopped, time that passes is no progress.
        """
        if self._judging:
            return object()
        moment = self._world.clock.now // _TICK if self._in_sessions else 0
        return moment, len(self._journal)

    def waits(self, most: int) -> list[str]:
        """Where the tasks of the world are, at most so many; none where the agent is elsewhere."""
        return self._world.waits(most) if isinstance(self._world, World) else []

    def results(self) -> Iterator[CellResult]:
        """Run it to its end, or to an interruption, and judge it; in parts, where it is large.
        Raises `StartError` where the agent cannot be started.
        """
        with _garbage_kept():
            complete = self._run()
        self._judging = True
        yield self._result(complete=complete)

    def _result(self, *, complete: bool) -> CellResult:
        view = JournalView.of(self._journal.records)
        planned = tuple(each.id for each in self._sessions)
        if not complete:
            # What an interruption cut off is no mistake of the agent's.
            view = replace(view, sessions=tuple(each for each in view.sessions if each.ended))
            ended = {each.id for each in view.sessions}
            planned = tuple(each for each in planned if each in ended)
        judged = judge_journal(self._plan, self._scenario, self._key.index, view)
        for finding in judged.findings:
            self._journal.append(finding)
        return CellResult(
            cell=self._key,
            records=self._journal.records,
            digest=digest(self._journal.records),
            services=self._plan.services,
            cpu_ns={} if self._replay is None else self._replay.cpu.shares(),
            planned=planned,
            complete=complete,
            virtual_ns=self._world.clock.now,
            crashes=judged.crashes,
            fidelity=self._fidelity(),
            output=self._output(),
            stopped=self._stopped(),
            opened=self._opened(),
        )

    def _run(self) -> bool:
        """Run the world; whether that came to its end."""
        with _environment(self._plan.environment):
            try:
                self._world.run(self._main())
            except CellInterrupted:
                return False
        return True

    async def _main(self) -> None:
        await self._serve()
        restarts = self._desk.restarts
        async with AsyncExitStack() as stack:
            for each in self._endpoints:
                if isinstance(each.service, Runs):
                    await stack.enter_async_context(each.service.running())
            kill_by = restarts.kill_by if restarts.any else None
            agent = await stack.enter_async_context(self._open(kill_by))
            self._desk.callbacks.reach(agent)
            self._log = stack.enter_context(self._listening())
            self._replay = Replay(
                agent=agent,
                desk=self._desk,
                settings=self._scenario.settings,
                most_turns=self._plan.suite.agent.concurrency,
                arriving=self._arriving,
                ended=self._over,
            )
            self._in_sessions = True
            self._sessions_begin()
            await self._replay.run(self._sessions)
            await self._desk.settled()
            self._in_sessions = False

    def _open(self, kill_by: Callable[[Kill], None] | None) -> AbstractAsyncContextManager[Process]:
        """The agent, for the length of the world."""
        settings, folder = self._plan.suite.agent, self._plan.path.parent
        return open_process(settings, folder, kill_by, self._mailbox)

    def _listening(self) -> AbstractContextManager[AgentLog | None]:
        """Takes the agent's log into the journal while sessions are replayed."""
        return agent_log(self._journal, self._world.clock)

    async def _serve(self) -> None:
        """Have the services answer where the agent reaches them."""
        world = self._world
        assert isinstance(world, World)
        for template in self._templates:
            endpoint = self._endpoint(template)
            for host in (host_of(template.info.name), *declared_hosts(template.info.hosts)):
                world.serve(host, endpoint)
        if self._plan.suite.agent.callback is not None:
            world.serve(CALLER_HOST, self._mailbox)

    def _endpoint(self, template: ServiceTemplate) -> ServiceEndpoint:
        """A fresh service of the world's."""
        service = template.fresh()
        ignore = self._plan.suite.services[service.name].ignore
        endpoint = ServiceEndpoint(service, self._desk, ignore)
        self._endpoints.append(endpoint)
        return endpoint

    def _arriving(self, session: str) -> None:
        """Arm the connect faults of a session: it must not find an open connection."""
        if self._log is not None:
            self._log.listen()
        for endpoint in self._endpoints:
            if endpoint.refuses(session):
                self._world.network.close_idle(endpoint)

    def _sessions_begin(self) -> None:
        """The agent is up: what counts begins."""

    def _output(self) -> str:
        """What the processes of the agent printed."""
        return ""

    def _stopped(self) -> str | None:
        """Why not all sessions were begun, if so."""
        return None

    def _opened(self) -> Set[str] | None:
        """The files that were read; None where other processes may have read some."""
        return what_was_opened()

    def _fidelity(self) -> Fidelity | None:
        """What the world can say of how faithful it was; None where there is no doubt."""
        return None

    def _over(self, session: str, end: End, took: int) -> None:
        del session, took
        self._ended(end)

    def _ended(self, end: End) -> None:
        self._done += 1
        self._not_completed += end is not End.COMPLETED
        gc.collect(_OLDEST if self._done % _FULL_EVERY == 0 else _YOUNG)
        self._progress(self._done, self._not_completed)


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


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """The agent's environment: what the suite sets, and no proxy of the machine's."""
    before = dict(os.environ)
    kept = {**without_proxies(before), **given}
    os.environ.clear()
    os.environ.update(kept)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
