"""Sessions that users of a load generator have under way: the request of each turn, and what its
response is journaled as. When a turn was sent and when its reply was complete the user says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from evalkit.agents.base import AgentFailed, Reply, Session, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.agents.later import ACCEPTED, Expected
from evalkit.engine.cells import PlannedSession
from evalkit.journal.records import (
    AnyRecord,
    End,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from evalkit.live.attribution import Attribution
from evalkit.suite.model import Sessions
from evalkit.units import format_duration
from evalkit.wire import Caller
from evalkit.world.clock import Clock

Ending: TypeAlias = tuple[End, str | None]
"""How a session ended, and why."""

Job: TypeAlias = dict[str, Any]
"""One turn as a user is told of it: `due` and `limit` in nanoseconds of the world, the request, and
`rtt`, the nanoseconds that the network of its region takes to the agent and back.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that carries a turn, and what is expected then."""

    request: AgentRequest
    expected: Expected


class Asking(Protocol):
    """Makes a turn a request, and a reply of its response. Both raise `AgentFailed`."""

    def asked(self, turn: Turn, caller: Caller) -> AbstractContextManager[Asked]:
        """The request that carries a turn, for as long as its reply is expected."""
        ...

    def reply(self, response: Response) -> Reply:
        """What the response says."""
        ...


@dataclass(slots=True)
class Visit:
    """A session that a user has under way. Times are nanoseconds of the world."""

    planned: PlannedSession
    intended: int
    deadline: int
    number: int = 0
    began: int | None = None
    latency: int | None = None
    caller: Caller | None = None
    expected: Expected | None = None
    under_way: ExitStack | None = None
    waiting: asyncio.Task[None] | None = None
    """For the reply to a turn that was answered 202."""

    @property
    def through(self) -> bool:
        """Whether no turn is left."""
        return self.number >= len(self.planned.record.turns)

    def left(self) -> None:
        """No turn of it is under way any more."""
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None
        if self.under_way is not None:
            self.under_way.close()
            self.under_way = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """How visits go, turn by turn."""

    settings: Sessions
    attribution: Attribution
    asking: Asking
    keep: Callable[[AnyRecord], None]

    def begun(self, planned: PlannedSession, intended: int) -> Visit:
        """A session that is to begin at a moment."""
        return Visit(planned=planned, intended=intended, deadline=intended + self.settings.deadline)

    def next_turn(self, visit: Visit) -> Job | Ending:
        """The next turn of a visit, or the end of it where the user would think past its deadline.

        Raises `AgentFailed` where the turn cannot be made a request.
        """
        visit.number += 1
        record = visit.planned.record
        turn = record.turns[visit.number - 1]
        visit.intended += turn.think
        if visit.intended >= visit.deadline:
            return self._past_deadline()
        session = Session(id=visit.planned.id, vars=record.vars)
        caller = Caller(
            session=session.id,
            turn=visit.number,
            vars=record.vars,
            plan=tuple({"tool": each.tool, "arguments": each.arguments} for each in record.plan),
        )
        visit.caller, visit.under_way = caller, ExitStack()
        visit.under_way.enter_context(self.attribution.turn(caller))
        told = Turn(input=turn.input, number=visit.number, session=session)
        asked = visit.under_way.enter_context(self.asking.asked(told, caller))
        visit.expected = asked.expected
        return _job(visit.intended, self._limit(visit), asked.request)

    def follows(self, visit: Visit, said: dict[str, Any]) -> bool:
        """Whether what came back is not the reply yet."""
        return said.get("status") == ACCEPTED and visit.expected is not None and visit.expected.more

    async def followed(self, visit: Visit, said: dict[str, Any], clock: Clock) -> dict[str, Any]:
        """What came back in the end. The network of a region delays only the first response."""
        assert visit.expected is not None
        found: dict[str, Any]
        try:
            async with asyncio.timeout_at(Clock.loop_time(self._limit(visit))):
                final = await visit.expected.final(_response(said))
        except TimeoutError:
            found = {"timed_out": True}
        except AgentFailed as error:
            found = {"error": str(error)}
        except Exception as error:  # a mistake of evalkit's own must not leave a user waiting
            found = {"error": f"evalkit could not follow the agent's 202: {error!r}"}
        else:
            body = final.body.decode("latin-1")
            found = {"status": final.status, "headers": final.headers, "body": body}
        return {"began": said["began"], "ended": clock.now, **found}

    def turned(self, visit: Visit, said: dict[str, Any]) -> Ending | None:
        """Journal a turn; how it ended its session, if it did."""
        visit.left()
        began, ended = int(said["began"]), int(said["ended"])
        place: dict[str, Any] = {"session": visit.planned.id, "turn": visit.number}
        self._started(visit, began)
        if said.get("timed_out"):
            end = self._timed_out(visit, ended)
            self.keep(TurnEnded(at=ended, error=end[1], timed_out=True, **place))
            return end
        try:
            reply = self._replied(said)
        except (AgentFailed, ValueError, TypeError) as error:
            self.keep(TurnEnded(at=ended, error=str(error), **place))
            return End.FAILED, f"turn {visit.number}: {error}"
        visit.latency = ended - visit.intended
        self.keep(
            TurnEnded(
                at=ended,
                text=reply.text,
                answer=reply.answer,
                confidence=reply.confidence,
                context=dict(reply.context),
                **place,
            )
        )
        visit.intended = max(visit.intended, ended)
        return (End.COMPLETED, None) if visit.through else None

    def close(self, visit: Visit, at: int, end: End, reason: str | None) -> None:
        """A visit is over."""
        name = visit.planned.id
        if visit.began is None:  # it thought longer than it had
            self._begins(visit, at, visit.planned.arrival or at)
        self.keep(SessionEnded(at=at, session=name, turn=None, end=end, reason=reason))
        self.attribution.over(name)

    def _started(self, visit: Visit, began: int) -> None:
        """Journal the beginning of a turn, and that of its session with the first."""
        planned, number = visit.planned, visit.number
        if visit.began is None:
            self._begins(visit, began, began if planned.arrival is None else planned.arrival)
        text = planned.record.turns[number - 1].input
        started = TurnStarted(
            at=began, input=text, intended=visit.intended, session=planned.id, turn=number
        )
        self.keep(started)

    def _begins(self, visit: Visit, at: int, intended: int) -> None:
        visit.began = at
        region = visit.planned.record.region
        name = visit.planned.id
        self.keep(SessionStarted(at=at, session=name, turn=None, intended=intended, region=region))

    def _replied(self, said: dict[str, Any]) -> Reply:
        if said.get("error"):
            raise AgentFailed(str(said["error"]))
        reply = self.asking.reply(_response(said))
        if not reply.text.strip():
            raise AgentFailed("the agent's reply was empty")
        return reply

    def _limit(self, visit: Visit) -> int:
        """When the reply to the turn at hand has to be there."""
        return min(visit.deadline, visit.intended + self.settings.turn_deadline)

    def _timed_out(self, visit: Visit, at: int) -> Ending:
        if at >= visit.deadline:
            return self._past_deadline()
        allowed = format_duration(self.settings.turn_deadline)
        return End.TIMED_OUT, f"turn {visit.number} was not answered within {allowed}"

    def _past_deadline(self) -> Ending:
        allowed = format_duration(self.settings.deadline)
        return End.TIMED_OUT, f"the session was not over after {allowed}"


def _response(said: dict[str, Any]) -> Response:
    return Response(
        status=int(said["status"]),
        headers=tuple((str(name).lower(), str(value)) for name, value in said["headers"]),
        body=said["body"].encode("latin-1"),
    )


def _job(due: int, limit: int, request: AgentRequest) -> Job:
    return {
        "due": due,
        "limit": limit,
        "method": request.method,
        "target": request.target,
        "headers": dict(request.headers),
        "body": request.body.decode("latin-1"),
    }
