"""Runs one cell under load: the turns come from a load generator, a process of its own."""

from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from evalkit.agents.client import HttpCaller
from evalkit.agents.later import Later
from evalkit.engine.asking import HttpAsking
from evalkit.engine.cells import CellResult, PlannedSession
from evalkit.engine.dispensing import Dispenser, arrivals
from evalkit.engine.events import CellKey
from evalkit.engine.forgetting import Forgetting
from evalkit.engine.garbage import Aside
from evalkit.engine.generating import Generator
from evalkit.engine.live_cell import LiveCell
from evalkit.engine.load_blocks import blocks_of
from evalkit.engine.load_watch import LoadWatch
from evalkit.engine.reception import Reception
from evalkit.engine.spilling import Spill
from evalkit.engine.visits import Visits
from evalkit.gate.watching import Ended
from evalkit.journal.records import End, Finding, Severity
from evalkit.journal.writer import Journal
from evalkit.live.meter import FEWEST, Fidelity, LoadCounts
from evalkit.live.plan import LoadPlan
from evalkit.live.process import how_it_ended
from evalkit.live.world import LiveWorld
from evalkit.services.base import Runs
from evalkit.suite.regions import shares_of
from evalkit.world.clock import NS


class LoadCell(LiveCell):
    """One cell under load."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch = LoadWatch.of(self._plan, self._scenario, self._sessions)
        self._reception: Reception | None = None
        self._generator: Generator | None = None
        self._forgotten = Forgetting(self._forget)
        self._aside = Aside()

    def _made_journal(self) -> Journal:
        return Spill()

    def _forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: what is known of them takes up room."""
        self._world.attribution.forget(sessions)
        self._desk.forget(sessions)
        for each in self._endpoints:
            each.forget(sessions)

    def _ended(self, end: End) -> None:
        self._done += 1
        self._not_completed += end is not End.COMPLETED
        self._progress(self._done, self._not_completed)

    def _make_world(self) -> LiveWorld:
        world = super()._make_world()
        world.network.host = self._load.host
        return world

    def _port_of(self, service: str) -> int:
        return self._load.ports.get(service, 0)

    @property
    def _load(self) -> LoadPlan:
        assert self._plan.live is not None
        assert self._plan.live.load is not None
        return self._plan.live.load

    def _sessions_begin(self) -> None:
        self._aside.begin(asyncio.get_running_loop())
        super()._sessions_begin()

    async def _main(self) -> None:
        await self._serve()
        async with AsyncExitStack() as stack:
            for each in self._endpoints:
                if isinstance(each.service, Runs):
                    await stack.enter_async_context(each.service.running())
            agent = await stack.enter_async_context(self._open(None))
            self._desk.callbacks.reach(agent)
            living = await agent.living(0)
            assert living is not None
            caller = getattr(living.agent, "receiver", None)
            assert isinstance(caller, HttpCaller)
            reception = self._reception = self._made_reception(caller)
            if (served := getattr(living.agent, "process", None)) is not None:
                served.ended.add_done_callback(self._agent_ended)
            generator = await stack.enter_async_context(self._generating(reception))
            await generator.up()
            self._desk.origin = reception.origin or 0  # not the start of the agent
            self._in_sessions = True
            self._sessions_begin()
            await generator.see_through(self._left(reception))
            await self._desk.settled()
            self._in_sessions = False
            self._aside.end()

    def _agent_ended(self, ended: asyncio.Future[int]) -> None:
        """The agent's process is gone; before it was asked to, where sessions are under way."""
        if not self._in_sessions:
            return
        assert self._reception is not None
        why = f"the agent's process {how_it_ended(ended.result())}"
        self._reception.stop(why)
        hint = "what it printed is kept in the run's folder, under agent/"
        self._journal.append(
            Finding(
                at=self._world.clock.now,
                session=None,
                turn=None,
                check="agent-died",
                severity=Severity.VIOLATION,
                message=why,
                hint=hint,
            )
        )

    def _made_reception(self, caller: HttpCaller) -> Reception:
        load, world, settings = self._load, self._world, self._scenario.settings
        agent = self._plan.suite.agent
        later = Later(agent, self._mailbox, caller)
        arriving = None
        if load.arrival is not None:
            arriving = arrivals(load.arrival, self._plan.seed, load.run_time)
        visits = Visits(
            settings=settings,
            attribution=world.attribution,
            asking=HttpAsking(agent, later, world.attribution, self._urls_for),
            keep=self._journal.append,
        )
        return Reception(
            clock=world.clock,
            dispenser=Dispenser(self._sources(), shares_of(settings.regions), settings.seed),
            visits=visits,
            token=load.token or secrets.token_hex(16),
            url=caller.url,
            arriving=arriving,
            ended=self._session_over,
            left_out=lambda session: self._watched(session, None),
            rtts={name: each.rtt for name, each in settings.regions.items()},
            alone_ends=not load.command,
        )

    def _sources(self) -> tuple[PlannedSession, ...]:
        """The sessions as the suite has them: in which region each round of one is, is drawn."""
        none = {"region": None}
        return tuple(
            replace(each, record=each.record.model_copy(update=none)) if each.placed else each
            for each in self._sessions
        )

    def _session_over(self, session: str, end: End, latency: int | None) -> None:
        self._desk.session_over(session)
        self._ended(end)
        if self._reception is None:
            return
        dispenser = self._reception.dispenser
        assert isinstance(self._journal, Spill)
        self._journal.over(dispenser.under_way.pop(session))
        self._forgotten.over(session, self._world.clock.now)
        self._watched(session, Ended(completed=end is End.COMPLETED, latency=latency))

    def _watched(self, session: str, ended: Ended | None) -> None:
        assert self._reception is not None
        self._watch.over(session, ended, self._reception)

    @asynccontextmanager
    async def _generating(self, reception: Reception) -> AsyncIterator[Generator]:
        """The generator, for as long as it is needed."""
        network, live = self._world.network, self._plan.live
        assert live is not None
        port = await network.serve(reception.connection, self._load.port)
        generator = self._generator = Generator(self._load, reception)
        folder, control = self._plan.path.parent.resolve(), f"{network.host}:{port}"
        async with generator.running(folder, live.environment, control):
            yield generator

    def _left(self, reception: Reception) -> float | None:
        """For how many seconds sessions may begin; None where only the generator knows."""
        if self._load.run_time is None:
            return None
        assert reception.origin is not None
        return (reception.origin + self._load.run_time - self._world.clock.now) / NS

    # What came of it ---------------------------------------------------------------------------

    def results(self) -> Iterator[CellResult]:
        """Run it, and judge it in blocks of sessions; garbage is collected between those."""
        complete = self._run()
        self._judging = True
        gc.disable()
        try:
            for result in self._judged(complete=complete):
                yield result
                gc.collect()
        finally:
            gc.enable()

    def _judged(self, *, complete: bool) -> Iterator[CellResult]:
        cell, scenario = self._key, self._scenario
        assert isinstance(self._journal, Spill)
        blocks = blocks_of(self._journal, self._reception, interrupted=self._world.stopped)
        for index, (sessions, records) in enumerate(blocks):
            self._key = CellKey(cell.scenario, index)
            self._sessions = sessions
            self._scenario = replace(scenario, cells=((),) * index + (sessions,))
            self._journal = Journal()
            for record in sorted(records, key=lambda each: each.at):  # not as they were heard of
                self._journal.append(record)
            yield self._result(complete=complete)

    def _output(self) -> str:
        return "" if self._key.index else super()._output()

    def _fidelity(self) -> Fidelity:
        fidelity, reception = super()._fidelity(), self._reception
        if reception is None:
            return fidelity
        died = self._generator is not None and self._generator.died
        looks = reception.late.count
        return believed(fidelity, reception.counts(), looks, self._late, died=died)

    @property
    def _late(self) -> int:
        return self._plan.suite.agent.late


def believed(
    fidelity: Fidelity, counts: LoadCounts, looks: int, limit: int, *, died: bool
) -> Fidelity:
    """What a world under load can say of itself. Its figures are not to be believed where its
    generator died, or was later at p99 than a limit in nanoseconds, if it looked often enough.
    """
    fidelity = replace(fidelity, load=counts)
    if died:
        return replace(fidelity, bottleneck=counts.stopped)
    if fidelity.bottleneck is None and looks >= FEWEST and counts.late_p99 > limit:
        why = f"the load generator was {counts.late_p99 / 1e6:.0f} ms late at p99"
        return replace(fidelity, bottleneck=why)
    return fidelity
