"""Runs one cell under load: the turns come from a load generator, a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from evalkit.agents.client import HttpCaller
from evalkit.engine.asking import HttpAsking
from evalkit.engine.cells import CellResult, PlannedSession
from evalkit.engine.desk import Desk
from evalkit.engine.dispensing import Dispenser, arrivals
from evalkit.engine.events import CellKey
from evalkit.engine.forgetting import Forgetting
from evalkit.engine.live_cell import LiveCell
from evalkit.engine.reception import Reception
from evalkit.engine.spilling import NOBODY, Spill
from evalkit.engine.visits import Visits
from evalkit.errors import StartError
from evalkit.faults import Decision
from evalkit.gate.expression import parse_gate
from evalkit.gate.watching import Ended, InOrder, Watch
from evalkit.journal.identity import Place
from evalkit.journal.records import AnyRecord, End, Finding, Severity
from evalkit.journal.writer import Journal
from evalkit.live.meter import FEWEST, Fidelity
from evalkit.live.output import Output
from evalkit.live.plan import LoadPlan
from evalkit.live.process import Process, how_it_ended, start_process
from evalkit.live.world import LiveWorld
from evalkit.services.base import Runs
from evalkit.suite.regions import shares_of
from evalkit.wire import Request
from evalkit.world.clock import NS

CONTROL, TOKEN = "EVALKIT_LOAD_CONTROL", "EVALKIT_LOAD_TOKEN"
"""What a generator finds in its environment: where it asks for turns, and by which token."""


class _LoadDesk(Desk):
    """A desk whose timetable begins with the load, not with the start of the agent."""

    origin = 0

    def decide(self, place: Place, request: Request) -> Decision:
        """Which faults a call meets."""
        if not self.schedule.rules:
            return Decision()
        self._last[place.session][place.logical] = place, request
        return self.schedule.decide(place, self.clock.now - self.origin, request)


class LoadCell(LiveCell):
    """One cell under load."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        old = self._desk
        self._desk: Desk = _LoadDesk(
            journal=old.journal, clock=old.clock, schedule=old.schedule, seed=old.seed
        )
        self._died = False  # whether the generator was killed, or failed, in the middle
        self._generator = Output()
        self._watch, self._in_order = self._made_watch(), InOrder()
        self._order: list[str] = []  # the sessions given out, as they began
        self._reception: Reception | None = None
        self._forgotten = Forgetting(self._forget)

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
            reception = self._reception = self._made_reception(caller.url)
            if (served := getattr(living.agent, "process", None)) is not None:
                served.ended.add_done_callback(self._agent_ended)
            process = await stack.enter_async_context(self._generating(reception))
            await self._up(reception, process)
            self._in_sessions = True
            self._sessions_begin()
            await self._under_load(reception, process)
            await self._desk.settled()
            self._in_sessions = False

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

    def _made_reception(self, url: str) -> Reception:
        load, world, settings = self._load, self._world, self._scenario.settings
        arriving = None
        if load.arrival is not None:
            arriving = arrivals(load.arrival, self._plan.seed, load.run_time)
        visits = Visits(
            settings=settings,
            attribution=world.attribution,
            asking=HttpAsking(self._plan.suite.agent, world.attribution, self._urls_for),
            keep=self._journal.append,
        )
        return Reception(
            clock=world.clock,
            dispenser=Dispenser(self._sources(), shares_of(settings.regions), settings.seed),
            visits=visits,
            token=load.token or secrets.token_hex(16),
            url=url,
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
        """Look whether a gate is lost with this session, or one that waited for it."""
        reception = self._reception
        assert reception is not None
        fresh = reception.dispenser.fresh()
        if not self._watch.any:
            return
        self._order += fresh
        for each in self._in_order.over(session, ended, self._order):
            if lost := self._watch.add(each):
                reception.stop(lost)
        self._in_order.cut(self._order)

    def _made_watch(self) -> Watch:
        """What is watched; nothing where sessions may well end otherwise than completed."""
        scenario = self._scenario.scenario
        own = () if self._scenario.faulty else self._plan.suite.gates
        texts = () if scenario.expect.end or not self._load.early else (*own, *scenario.gates)
        single = all(len(each.record.turns) == 1 for each in self._sessions)
        return Watch(map(parse_gate, texts), single=single)

    @asynccontextmanager
    async def _generating(self, reception: Reception) -> AsyncIterator[Process | None]:
        """The generator, for as long as it is needed; None where somebody else starts it."""
        world = self._world
        assert self._plan.live is not None
        port = await world.network.serve(reception.connection, self._load.port)
        if not self._load.command:
            yield None
            return
        told = {CONTROL: f"{world.network.host}:{port}", TOKEN: reception.token}
        process = await start_process(
            self._load.command,
            folder=self._plan.path.parent.resolve(),
            environment={**self._plan.live.environment, **self._load.environment, **told},
            output=self._generator,
        )
        try:
            yield process
        finally:
            await process.stop()

    async def _up(self, reception: Reception, process: Process | None) -> None:
        """Wait for the first user. Raises `StartError` where none comes."""
        patience = self._load.patience / NS
        if process is None:  # whoever starts it may take their time, as long as they are there
            await _either(reception.greeted, None, patience)
            if reception.greeted.is_set():
                await _either(reception.moved, None, None)
        else:
            await _either(reception.began, process, patience)
        if reception.began.is_set():
            assert isinstance(self._desk, _LoadDesk)
            self._desk.origin = reception.origin or 0
            return
        if process is None:
            if reception.greeted.is_set():
                raise StartError("the load generator went before any user came")
            raise StartError(f"no load generator came within {patience:g} s")
        how = f"did not come up within {patience:g} s" if process.running else self._how(process)
        raise StartError(f"the load generator {how}; the last that it printed:\n{self._tail()}")

    async def _under_load(self, reception: Reception, process: Process | None) -> None:
        """See it through: no session begins after the time is over, and those under way may end."""
        assert reception.origin is not None
        left = None
        if self._load.run_time is not None:
            left = (reception.origin + self._load.run_time - self._world.clock.now) / NS
        await _either(reception.early, process, left)
        if process is not None and not process.running:
            reception.stop(f"the load generator {self._how(process)}")
            self._died = process.ended.result() != 0
        reception.close()
        await _either(reception.idle, process, self._load.drain / NS)
        reception.cut_off()

    def _how(self, process: Process) -> str:
        if process.failed is not None:
            return f"cannot be started: {process.failed}"
        return how_it_ended(process.ended.result())

    def _tail(self) -> str:
        return self._generator.tail(12)

    # What came of it ---------------------------------------------------------------------------

    def results(self) -> Iterator[CellResult]:
        """Run it, and judge it in blocks of sessions. Garbage is collected as ever: nothing of a
        load test repeats.
        """
        complete = self._run()
        self._judging = True
        cell, scenario = self._key, self._scenario
        for index, (sessions, records) in enumerate(self._blocks()):
            self._key = CellKey(cell.scenario, index)
            self._sessions = sessions
            self._scenario = replace(scenario, cells=((),) * index + (sessions,))
            self._journal = Journal()
            for record in sorted(records, key=lambda each: each.at):  # not as they were heard of
                self._journal.append(record)
            yield self._result(complete=complete)

    def _blocks(self) -> Iterator[tuple[tuple[PlannedSession, ...], list[AnyRecord]]]:
        """The sessions that came to their end, and with the first of them what is of none, and
        those that did not but should have.
        """
        reception, journal = self._reception, self._journal
        assert isinstance(journal, Spill)
        more: tuple[PlannedSession, ...] = ()
        if reception is not None:
            if self._world.stopped:  # nobody's process died: it was interrupted
                reception.cut |= reception.lost.keys()
            under_way = reception.dispenser.under_way
            more = tuple(each for name, each in under_way.items() if name not in reception.cut)
        others = [each for each in journal.records if each.session is None]
        blocks = journal.blocks()
        first = next(blocks, [])
        again = None if reception is None else reception.dispenser.again
        for block in itertools.chain([first], blocks):
            keys = (key for key, _ in block if key != NOBODY)
            sessions = tuple(map(again, keys)) if again else ()
            yield sessions + more, [each for _, own in block for each in own] + others
            more, others = (), []

    def _output(self) -> str:
        return "" if self._key.index else super()._output()

    def _fidelity(self) -> Fidelity:
        fidelity = super()._fidelity()
        if self._reception is None:
            return fidelity
        counts = self._reception.counts()
        fidelity = replace(fidelity, load=counts)
        if self._died:
            return replace(fidelity, bottleneck=counts.stopped)
        enough = self._reception.late.count >= FEWEST
        if fidelity.bottleneck is None and enough and counts.late_p99 > self._late:
            why = f"the load generator was {counts.late_p99 / 1e6:.0f} ms late at p99"
            return replace(fidelity, bottleneck=why)
        return fidelity

    @property
    def _late(self) -> int:
        return self._plan.suite.agent.late


async def _either(event: asyncio.Event, process: Process | None, seconds: float | None) -> None:
    """Wait for an event, the end of a process, or so many seconds."""
    happened: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    ends: set[asyncio.Future[Any]] = {happened}
    if process is not None:
        ends.add(process.ended)
    try:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happened.cancel()
