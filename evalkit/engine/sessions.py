"""Replays sessions through an agent inside a world."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from evalkit.agents import Agent, AgentFailed, Reply, Session, Turn
from evalkit.agents.living import AgentDown, Living, Process
from evalkit.engine.cells import PlannedSession
from evalkit.engine.cpu import CpuShares
from evalkit.engine.desk import Desk
from evalkit.engine.interrupts import CellInterrupted
from evalkit.journal.records import (
    End,
    Record,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from evalkit.suite.model import Sessions
from evalkit.units import format_duration
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS, Clock
from evalkit.world.lives import LIFE, Life

DEFAULT_CONCURRENCY = 10
"""Sessions at a time where the suite names neither arrivals nor a concurrency."""

_GRACE = 1.0  # seconds of world time that a cancelled turn has to end


@dataclass(frozen=True, slots=True)
class _Ending:
    end: End
    reason: str | None = None


class Replay:
    """Replays the sessions of one cell. `ended` is told of each session that is over: its id, its
    end, and the nanoseconds since it was to begin.
    """

    def __init__(
        self,
        *,
        agent: Process,
        desk: Desk,
        settings: Sessions,
        most_turns: int | None,
        arriving: Callable[[str], None],
        ended: Callable[[str, End, int], None],
    ) -> None:
        self._agent = agent
        self._desk = desk
        self._settings = settings
        self._arriving = arriving
        self._ended = ended
        self._places = asyncio.Semaphore(most_turns) if most_turns else None
        self._served: dict[str, Life | None] = {}  # by session: who answered its last turn
        self._coming: set[asyncio.Future[None]] = set()  # sessions that are still to arrive
        self._over = False
        self.cpu = CpuShares()

    def stop(self) -> None:
        """Begin no session any more; those under way go on to their ends."""
        self._over = True
        for each in self._coming:
            if not each.done():
                each.set_result(None)

    async def run(self, sessions: Sequence[PlannedSession]) -> None:
        """Replay them all: at their times of arrival, or so many at a time."""
        if all(each.arrival is not None for each in sessions):
            await asyncio.gather(*(self._session(each) for each in sessions))
            return
        waiting = iter(sessions)

        async def one_after_another() -> None:
            for each in waiting:
                await self._session(each)

        at_a_time = self._settings.concurrency or DEFAULT_CONCURRENCY
        await asyncio.gather(*(one_after_another() for _ in range(min(at_a_time, len(sessions)))))

    async def _session(self, planned: PlannedSession) -> None:
        clock = self._desk.clock
        if planned.arrival is not None:
            await _sleep_until(planned.arrival, self._coming)
        if self._over:
            return
        began = clock.now
        intended = began if planned.arrival is None else planned.arrival
        self._arriving(planned.id)
        self._journal(SessionStarted, planned.id, intended=intended, region=planned.record.region)
        ending = await self._turns(planned, intended, intended + self._settings.deadline)
        self._journal(SessionEnded, planned.id, end=ending.end, reason=ending.reason)
        self._desk.session_over(planned.id)
        self._ended(planned.id, ending.end, clock.now - intended)

    async def _turns(self, planned: PlannedSession, intended: int, deadline: int) -> _Ending:
        for number, turn in enumerate(planned.record.turns, start=1):
            intended = max(intended, self._desk.clock.now) if number > 1 else intended
            if turn.think:
                intended += turn.think
                await _sleep_until(min(intended, deadline))
            if self._desk.clock.now >= deadline:
                return self._past_deadline()
            ending = await self._turn(planned, number, intended, deadline)
            if ending is not None:
                return ending
        return _Ending(End.COMPLETED)

    def _past_deadline(self) -> _Ending:
        allowed = format_duration(self._settings.deadline)
        return _Ending(End.TIMED_OUT, f"the session was not over after {allowed}")

    async def _turn(
        self, planned: PlannedSession, number: int, intended: int, deadline: int
    ) -> _Ending | None:
        """One turn; the ending of the session if it went no further."""
        text = planned.record.turns[number - 1].input
        self._journal(TurnStarted, planned.id, number, input=text, intended=intended)
        session = Session(id=planned.id, vars=planned.record.vars)
        turn = Turn(input=text, number=number, session=session)
        limit = min(deadline, intended + self._settings.turn_deadline)
        with self.cpu.turn(planned.id, number):
            try:
                task = await self._asked(planned, turn, limit)
            except AgentDown as error:
                return self._failed(planned.id, number, str(error), None)
            if task is None or not task.done():
                return await self._give_up(task, planned.id, number, deadline)
        return self._came_back(task, planned.id, number)

    async def _asked(
        self, planned: PlannedSession, turn: Turn, limit: int
    ) -> asyncio.Task[Reply] | None:
        """The task of the turn, which may not be done at the limit; None where the agent was not
        up by then. One that dies is asked again once it is up, as a client does that waits for it.

        Raises `AgentDown` where it does not come up any more.
        """
        restarts, asks = self._desk.restarts, 0
        place = planned.id, turn.number
        while (living := await self._agent.living(limit)) is not None:
            asks += 1
            task = self._start(planned, turn, living)
            if asks == 1:
                restarts.delivered(self._served.get(planned.id), *place)
                restarts.turn_began(*place, living.life)
            await asyncio.wait({task}, timeout=(limit - self._desk.clock.now) / NS)
            if living.life is None or not living.life.cut_off(task):
                self._served[planned.id] = living.life
                return task
            restarts.delivered(living.life, *place)
        return None

    def _start(self, planned: PlannedSession, turn: Turn, living: Living) -> asyncio.Task[Reply]:
        record = planned.record
        caller = Caller(
            session=planned.id,
            turn=turn.number,
            vars=record.vars,
            plan=tuple({"tool": each.tool, "arguments": each.arguments} for each in record.plan),
        )
        context = contextvars.copy_context()
        context.run(CALLER.set, caller)
        context.run(LIFE.set, living.life)
        region = self._settings.regions.get(record.region or "")
        reply = self._from_afar(living.agent, turn, 0 if region is None else region.rtt)
        return context.run(asyncio.create_task, reply, context=context)

    async def _from_afar(self, agent: Agent, turn: Turn, rtt: int) -> Reply:
        """The reply, over a network that takes so many nanoseconds to the agent and back."""
        if not rtt:
            return await self._reply(agent, turn)
        clock = self._desk.clock
        await _sleep_until(clock.now + rtt // 2)
        reply = await self._reply(agent, turn)
        await _sleep_until(clock.now + rtt - rtt // 2)
        return reply

    async def _reply(self, agent: Agent, turn: Turn) -> Reply:
        async with self._places or nullcontext():
            try:
                reply = await agent.reply(turn)
            except CellInterrupted:
                raise
            except KeyboardInterrupt as error:  # of the agent's own making
                raise AgentFailed("the agent raised KeyboardInterrupt") from error
            self._desk.restarts.reply_made(turn.session.id, turn.number)
            return reply

    async def _give_up(
        self, task: asyncio.Task[Reply] | None, session: str, number: int, deadline: int
    ) -> _Ending:
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
            if task.done() and not task.cancelled():
                task.exception()  # it was cancelled: what it raised then is its own affair
        if self._desk.clock.now >= deadline:
            ending = self._past_deadline()
        else:
            allowed = format_duration(self._settings.turn_deadline)
            ending = _Ending(End.TIMED_OUT, f"turn {number} was not answered within {allowed}")
        self._journal(TurnEnded, session, number, error=ending.reason, timed_out=True)
        return ending

    def _came_back(self, task: asyncio.Task[Reply], session: str, number: int) -> _Ending | None:
        if task.cancelled():
            return self._failed(session, number, "the agent was cancelled by its own code", None)
        error = task.exception()
        if error is not None:
            what = traceback.format_exception_only(error)[-1].strip()
            where = "".join(traceback.format_exception(error))
            return self._failed(session, number, what, where)
        reply = task.result()
        if not reply.text.strip():
            return self._failed(session, number, "the agent's reply was empty", None)
        self._journal(
            TurnEnded,
            session,
            number,
            text=reply.text,
            answer=reply.answer,
            confidence=reply.confidence,
            context=dict(reply.context),
        )
        return None

    def _failed(self, session: str, number: int, what: str, where: str | None) -> _Ending:
        self._journal(TurnEnded, session, number, error=what, traceback=where)
        return _Ending(End.FAILED, f"turn {number}: {what}")

    def _journal(
        self, kind: type[Record], session: str, turn: int | None = None, **fields: object
    ) -> None:
        at = self._desk.clock.now
        self._desk.journal.append(kind(at=at, session=session, turn=turn, **fields))  # type: ignore[arg-type]


async def _sleep_until(moment: int, sleeping: set[asyncio.Future[None]] | None = None) -> None:
    """Wait until a world time in nanoseconds, exactly, or until the future among those `sleeping`
    has a result.
    """
    loop = asyncio.get_running_loop()
    reached: asyncio.Future[None] = loop.create_future()
    sleeping = set() if sleeping is None else sleeping
    sleeping.add(reached)
    timer = loop.call_at(Clock.loop_time(moment), _reach, reached)
    try:
        await reached
    finally:
        timer.cancel()
        sleeping.discard(reached)


def _reach(reached: asyncio.Future[None]) -> None:
    if not reached.done():
        reached.set_result(None)
