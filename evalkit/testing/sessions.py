"""The sessions of a test's world: whose calls are whose, and what the agent says to each turn."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from evalkit.agents import Agent, AgentFailed, Reply, Session, Turn
from evalkit.agents.python import PythonAgent
from evalkit.errors import UsageError
from evalkit.journal.records import End, SessionEnded, SessionStarted, TurnEnded, TurnStarted
from evalkit.journal.writer import Journal
from evalkit.suite.model import SessionRecord
from evalkit.units import format_duration
from evalkit.wire import Caller
from evalkit.world.callers import CALLER
from evalkit.world.clock import NS, Clock

Speaker: TypeAlias = Agent | Callable[[Turn], Awaitable[object]]
"""An agent as a suite's `python:` names it, or anything with `reply`."""

FIRST = "test"
"""The session that belongs to a test itself: what it calls outside of turns."""

_GRACE = 1.0  # seconds of world time that a cancelled turn has to end


@dataclass(slots=True)
class _Open:
    """A session that goes on. `failed` says why its last turn failed, if it did."""

    vars: Mapping[str, Any]
    plan: Sequence[Mapping[str, Any]]
    inputs: list[str] = field(default_factory=list)
    failed: str | None = None


class Sessions:
    """The sessions of one world. `arriving` is told of each before it begins."""

    def __init__(self, journal: Journal, clock: Clock, arriving: Callable[[str], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._arriving = arriving
        self._open: dict[str, _Open] = {}

    def begin(
        self,
        session: str,
        given: Mapping[str, Any] | None = None,
        plan: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Begin a session, unless it is there. `given` are its variables."""
        if session in self._open:
            return
        self._open[session] = _Open(given or {}, plan)
        self._arriving(session)
        now = self._clock.now
        self._journal.append(SessionStarted(at=now, session=session, intended=now))

    def caller(self, session: str, turn: int) -> Caller:
        """On whose behalf calls are made in a turn of a session."""
        known = self._open[session]
        return Caller(session=session, turn=turn, vars=known.vars, plan=known.plan)

    async def turn(self, speaker: Speaker, text: str, session: str, deadline: int) -> Reply:
        """Hand the next turn of a session to an agent, and give back what it replies.

        Raises what the agent raises, `AgentFailed` where its reply is none, and `TimeoutError`
        where there is none after `deadline` nanoseconds of world time.
        """
        known = self._open[session]
        known.inputs.append(text)
        number = len(known.inputs)
        now = self._clock.now
        started = TurnStarted(at=now, session=session, turn=number, input=text, intended=now)
        self._journal.append(started)
        turn = Turn(input=text, number=number, session=Session(id=session, vars=known.vars))
        try:
            reply = await self._asked(_agent(speaker), turn, deadline)
        except BaseException as error:
            known.failed = self._failed(session, number, error)
            raise
        known.failed = None
        self._journal.append(
            TurnEnded(
                at=self._clock.now,
                session=session,
                turn=number,
                text=reply.text,
                answer=reply.answer,
                confidence=reply.confidence,
                context=dict(reply.context),
            )
        )
        return reply

    async def _asked(self, agent: Agent, turn: Turn, deadline: int) -> Reply:
        context = contextvars.copy_context()
        context.run(CALLER.set, self.caller(turn.session.id, turn.number))
        task = context.run(asyncio.create_task, agent.reply(turn), context=context)
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline / NS)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            return _said(task.result())
        task.cancel()
        await asyncio.wait({task}, timeout=_GRACE)
        if task.done() and not task.cancelled():
            task.exception()
        raise TimeoutError(
            f"turn {turn.number} of {turn.session.id} was not answered within "
            f"{format_duration(deadline)} of world time"
        )

    def _failed(self, session: str, number: int, error: BaseException) -> str:
        what = traceback.format_exception_only(error)[-1].strip()
        self._journal.append(
            TurnEnded(
                at=self._clock.now,
                session=session,
                turn=number,
                error=what,
                timed_out=isinstance(error, TimeoutError),
                traceback="".join(traceback.format_exception(error)),
            )
        )
        return f"turn {number}: {what}"

    # What checks see of them -------------------------------------------------------------------

    def endings(self) -> list[SessionEnded]:
        """The ends that the sessions would have if they ended now."""
        return [
            SessionEnded(
                at=self._clock.now,
                session=name,
                end=End.COMPLETED if each.failed is None else End.FAILED,
                reason=each.failed,
            )
            for name, each in self._open.items()
        ]

    def records(self) -> dict[str, SessionRecord]:
        """The sessions as a suite would have them: those that were given turns."""
        return {
            name: SessionRecord.model_validate(
                {
                    "id": name,
                    "vars": dict(each.vars),
                    "turns": [{"input": text} for text in each.inputs],
                    "plan": [dict(call) for call in each.plan],
                }
            )
            for name, each in self._open.items()
            if each.inputs
        }


def _said(reply: Reply) -> Reply:
    if not reply.text.strip():
        raise AgentFailed("the agent's reply was empty")
    return reply


def _agent(speaker: Speaker) -> Agent:
    if hasattr(speaker, "reply"):
        return speaker
    if callable(speaker):
        return PythonAgent(speaker)
    raise UsageError(
        f"{speaker!r} is no agent",
        hint="allowed: an async function of the turn, or an object with `async def reply(turn)`",
    )
