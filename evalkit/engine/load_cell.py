"""Runs one cell under load: the turns come from a load generator, a process of its own."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from evalkit.agents.answers import AnswerTeller
from evalkit.agents.asgi import SERVED, compile_request, filled_request, variables_of
from evalkit.agents.base import Reply, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.client import HttpCaller
from evalkit.agents.reading import ReplyReader
from evalkit.engine.cells import PlannedSession, ScenarioPlan
from evalkit.engine.desk import Desk
from evalkit.engine.dispensing import Dispenser, arrivals
from evalkit.engine.live_cell import LiveCell
from evalkit.engine.reception import Reception
from evalkit.errors import StartError
from evalkit.faults import Decision
from evalkit.gate.expression import parse_gate
from evalkit.gate.watching import Ended, Watch
from evalkit.journal.identity import Place
from evalkit.journal.records import End
from evalkit.journal.writer import Journal
from evalkit.live.attribution import Attribution
from evalkit.live.meter import FEWEST, Fidelity
from evalkit.live.output import Output
from evalkit.live.plan import LoadPlan
from evalkit.live.process import Process, how_it_ended, start_process
from evalkit.live.surroundings import Urls
from evalkit.services.base import Runs
from evalkit.suite.model import Agent
from evalkit.wire import Caller, Request
from evalkit.world.clock import NS

CONTROL, TOKEN, ZERO, URL = (f"EVALKIT_LOAD_{name}" for name in ("CONTROL", "TOKEN", "ZERO", "URL"))
"""What a generator finds in its environment: where it asks for turns, by which token, the world's
zero on the machine's monotonic clock in nanoseconds, and the base URL of the agent.
"""

_UP = 30.0  # real seconds that a generator may take to come up


class _LoadDesk(Desk):
    """A desk whose timetable begins with the load, not with the start of the agent."""

    origin = 0

    def decide(self, place: Place, request: Request) -> Decision:
        """Which faults a call meets."""
        if not self.schedule.rules:
            return Decision()
        self._last[place.session][place.logical] = place, request
        return self.schedule.decide(place, self.clock.now - self.origin, request)


class _Asking:
    """Requests and replies of an agent over HTTP."""

    def __init__(
        self, settings: Agent, attribution: Attribution, urls: Callable[[str], Urls]
    ) -> None:
        self._method = settings.request.method
        self._body = settings.request.body is not None
        self._template = compile_request(settings.request, SERVED)
        self._reader = ReplyReader(settings.reply)
        self._teller = AnswerTeller(settings.answer_from)
        self._attribution = attribution
        self._urls = urls

    def request(self, turn: Turn, caller: Caller) -> AgentRequest:
        variables = {**variables_of(turn), "services": self._urls(turn.session.id)}
        made = filled_request(self._template, self._method, variables, body=self._body)
        told = self._attribution.headers(caller)
        return replace(made, headers=(*told, *made.headers))

    def reply(self, response: Response) -> Reply:
        return self._teller.told(self._reader.read(response))


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
        self._watch = self._made_watch()
        self._reception: Reception | None = None

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
            reception = self._reception = self._made_reception()
            process = await stack.enter_async_context(self._generating(reception, caller.url))
            await self._up(reception, process)
            self._in_sessions = True
            self._sessions_begin()
            await self._under_load(reception, process)
            await self._desk.settled()
            self._in_sessions = False

    def _made_reception(self) -> Reception:
        load, world = self._load, self._world
        arriving = None
        if load.arrival is not None:
            arriving = arrivals(load.arrival, self._plan.seed, load.run_time)
        return Reception(
            clock=world.clock,
            dispenser=Dispenser(self._sessions),
            settings=self._scenario.settings,
            attribution=world.attribution,
            asking=_Asking(self._plan.suite.agent, world.attribution, self._urls_for),
            token=secrets.token_hex(16),
            arriving=arriving,
            keep=self._journal.append,
            ended=self._session_over,
        )

    def _session_over(self, session: str, end: End, latency: int | None) -> None:
        self._desk.session_over(session)
        self._ended(end)
        lost = self._watch.add(Ended(completed=end is End.COMPLETED, latency=latency))
        if lost is not None and self._reception is not None:
            self._reception.stop(lost)

    def _made_watch(self) -> Watch:
        """What is watched; nothing where sessions may well end otherwise than completed."""
        scenario = self._scenario.scenario
        own = () if self._scenario.faulty else self._plan.suite.gates
        texts = () if scenario.expect.end or not self._load.early else (*own, *scenario.gates)
        single = all(len(each.record.turns) == 1 for each in self._sessions)
        return Watch(map(parse_gate, texts), single=single)

    @asynccontextmanager
    async def _generating(self, reception: Reception, url: str) -> AsyncIterator[Process]:
        """The generator, for as long as it is needed."""
        world = self._world
        assert self._plan.live is not None
        port = await world.network.serve(reception.connection)
        told = {
            CONTROL: f"{world.network.host}:{port}",
            TOKEN: reception.token,
            ZERO: str(time.monotonic_ns() - world.clock.now),
            URL: url,
        }
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

    async def _up(self, reception: Reception, process: Process) -> None:
        """Wait for the first user. Raises `StartError` where none comes."""
        await _either(reception.began, process, _UP)
        if reception.began.is_set():
            assert isinstance(self._desk, _LoadDesk)
            self._desk.origin = reception.origin or 0
            return
        how = f"did not come up within {_UP:g} s" if process.running else self._how(process)
        raise StartError(f"the load generator {how}; the last that it printed:\n{self._tail()}")

    async def _under_load(self, reception: Reception, process: Process) -> None:
        """See it through: no session begins after the time is over, and those under way may end."""
        assert reception.origin is not None
        left = (reception.origin + self._load.run_time - self._world.clock.now) / NS
        await _either(reception.early, process, left)
        if not process.running:
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

    def _run(self) -> bool:
        complete = super()._run()
        if self._reception is not None:
            self._settle(self._reception)
        return complete

    def _settle(self, reception: Reception) -> None:
        """The journal in the order in which things happened, which is not the one in which they
        were heard of, without the sessions that did not come to their end.
        """
        if self._world.stopped:  # nobody's process died: it was interrupted
            reception.cut |= reception.lost
        out = reception.cut | reception.lost
        given = tuple(each for each in reception.dispenser.given if each.id not in reception.cut)
        records = (each for each in self._journal.records if each.session not in out)
        journal = Journal()
        for record in sorted(records, key=lambda each: each.at):
            journal.append(record)
        self._journal = journal
        self._sessions: tuple[PlannedSession, ...] = given
        cells = (*self._scenario.cells[: self._key.index], given)
        self._scenario: ScenarioPlan = replace(self._scenario, cells=cells)

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


async def _either(event: asyncio.Event, process: Process, seconds: float) -> None:
    """Wait for an event, the end of a process, or so many seconds."""
    happened: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    ends: set[asyncio.Future[Any]] = {happened, process.ended}
    try:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happened.cancel()
