"""Where the users of a load generator come for their turns, and tell what became of them.

The generator only sends requests: when each is due, what is in it and what its response means is
decided here. It speaks JSON lines over a connection for each of its processes:

    -> {"hello": TOKEN}
    -> {"user": U, "ask": true}                     <- {"user": U, "job": {...}} or {"user": U}
    -> {"user": U, "began": NS, "ended": NS, …}     <- the job of the next turn, or {"user": U}
    -> {"user": U, "gone": true}
    -> {"late": [NS, …]}

A job is one turn: `due` and `limit` in nanoseconds of the world, and the request. A user without a
job after a turn has come to the end of its session; one without after asking, to that of the test.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from evalkit.agents.base import AgentFailed, Reply, Session, Turn
from evalkit.agents.calling import AgentRequest, Response
from evalkit.engine.cells import PlannedSession
from evalkit.engine.dispensing import Dispenser
from evalkit.journal.records import (
    AnyRecord,
    End,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from evalkit.live.attribution import Attribution
from evalkit.live.meter import LoadCounts, Spread
from evalkit.suite.model import Sessions
from evalkit.units import format_duration
from evalkit.wire import Caller
from evalkit.world.clock import Clock

_MOST = 64 * 1024 * 1024  # bytes of one line


class Asking(Protocol):
    """Makes a turn a request, and a reply of its response. Both raise `AgentFailed`."""

    def request(self, turn: Turn, caller: Caller) -> AgentRequest:
        """The request that carries a turn."""
        ...

    def reply(self, response: Response) -> Reply:
        """What the response says."""
        ...


@dataclass(slots=True)
class _Active:
    """A session that a user has under way. Times are nanoseconds of the world."""

    planned: PlannedSession
    intended: int
    deadline: int
    number: int = 0
    began: int | None = None
    latency: int | None = None
    under_way: AbstractContextManager[None] | None = None


@dataclass(slots=True, kw_only=True)
class Reception:
    """One load test. `ended` is told of each session that is over: its id, its end, and
    the latency of its last turn in nanoseconds, if that had a reply."""

    clock: Clock
    dispenser: Dispenser
    settings: Sessions
    attribution: Attribution
    asking: Asking
    token: str
    arriving: Iterator[int] | None
    keep: Callable[[AnyRecord], None]
    ended: Callable[[str, End, int | None], None]
    late: Spread = field(default_factory=Spread)
    origin: int | None = None
    """When the first user came, in nanoseconds of the world; None before."""
    lost: set[str] = field(default_factory=set)
    """The sessions whose users went away in the middle: their process died."""
    cut: set[str] = field(default_factory=set)
    """The sessions that were under way when the test, or their user's part in it, was over."""
    stopped: str | None = None
    """Why it was over early, if it was."""
    dropped: int = 0
    """How many sessions arrived and found no user until the end."""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    early: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _active: dict[str, _Active] = field(default_factory=dict)
    _waiting: dict[str, _Connection] = field(default_factory=dict)
    _due: deque[int] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None
    _over: bool = False

    def connection(self) -> asyncio.Protocol:
        """The protocol of a connection of the generator's."""
        return _Connection(self)

    # What users say ----------------------------------------------------------------------------

    def asked(self, user: str, connection: _Connection) -> None:
        """A user is free."""
        self._begin()
        if self._over:
            connection.tell(user, None)
        elif self.arriving is None:
            now = self.clock.now
            self._give(user, connection, self.dispenser.next(), now)
        elif self._due:
            self._give_arrived(user, connection)
        else:
            self._waiting[user] = connection

    def came_back(self, user: str, connection: _Connection, said: dict[str, Any]) -> None:
        """A turn is over."""
        active = self._active.get(user)
        if active is None:  # it was cut off
            connection.tell(user, None)
            return
        self._left(active)
        ending = self._turned(active, said)
        if ending is None and active.number < len(active.planned.record.turns):
            active.intended = max(active.intended, int(said["ended"]))
            self._next_turn(user, connection, active)
            return
        end, reason = ending or (End.COMPLETED, None)
        self._close(user, active, int(said["ended"]), end, reason)
        connection.tell(user, None)

    def gone(self, user: str, *, died: bool) -> None:
        """A user comes no more."""
        self._waiting.pop(user, None)
        if (active := self._active.pop(user, None)) is not None:
            self._left(active)
            (self.lost if died else self.cut).add(active.planned.id)
            self._settle()

    # The course of the test --------------------------------------------------------------------

    def stop(self, why: str) -> None:
        """Give out no more sessions, early."""
        if not self._over:
            self.stopped = why
            self.early.set()

    def close(self) -> None:
        """Give out no more sessions."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        while self._due:
            self.dispenser.next(self._due.popleft())
            self.dropped += 1
        for user, connection in self._waiting.items():
            connection.tell(user, None)
        self._waiting.clear()
        self._settle()

    def counts(self) -> LoadCounts:
        """What became of it."""
        return LoadCounts(
            given=len(self.dispenser.given),
            dropped=self.dropped,
            cut=len(self.cut),
            lost=len(self.lost),
            late_p50=self.late.quantile(0.5),
            late_p99=self.late.quantile(0.99),
            stopped=self.stopped,
        )

    def cut_off(self) -> None:
        """Wait for nobody any more."""
        for user in tuple(self._active):
            self.gone(user, died=False)

    def _begin(self) -> None:
        if self.origin is None:
            self.origin = self.clock.now
            self.began.set()
            if self.arriving is not None:
                self._await_arrival()

    def _await_arrival(self) -> None:
        assert self.arriving is not None
        assert self.origin is not None
        if (moment := next(self.arriving, None)) is not None:
            at = self.origin + moment
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(Clock.loop_time(at), self._arrived, at)

    def _arrived(self, at: int) -> None:
        self._due.append(at)
        if self._waiting:
            user, connection = next(iter(self._waiting.items()))
            del self._waiting[user]
            self._give_arrived(user, connection)
        self._await_arrival()

    def _settle(self) -> None:
        if self._over and not self._active:
            self.idle.set()

    # Sessions ----------------------------------------------------------------------------------

    def _give_arrived(self, user: str, connection: _Connection) -> None:
        at = self._due.popleft()
        self._give(user, connection, self.dispenser.next(at), at)

    def _give(
        self, user: str, connection: _Connection, planned: PlannedSession, intended: int
    ) -> None:
        deadline = intended + self.settings.deadline
        active = _Active(planned=planned, intended=intended, deadline=deadline)
        self._active[user] = active
        self._next_turn(user, connection, active)

    def _next_turn(self, user: str, connection: _Connection, active: _Active) -> None:
        """Have the user take the next turn of its session."""
        active.number += 1
        record = active.planned.record
        turn = record.turns[active.number - 1]
        first = active.intended
        active.intended += turn.think
        if active.intended >= active.deadline:
            self._close(user, active, max(self.clock.now, first), *self._past_deadline())
            connection.tell(user, None)
            return
        session = Session(id=active.planned.id, vars=record.vars)
        caller = Caller(
            session=session.id,
            turn=active.number,
            vars=record.vars,
            plan=tuple({"tool": each.tool, "arguments": each.arguments} for each in record.plan),
        )
        active.under_way = self.attribution.turn(caller)
        active.under_way.__enter__()
        try:
            asked = Turn(input=turn.input, number=active.number, session=session)
            request = self.asking.request(asked, caller)
        except AgentFailed as error:
            now = self.clock.now
            said = {"began": now, "ended": now, "error": str(error)}
            self.came_back(user, connection, said)
            return
        limit = min(active.deadline, active.intended + self.settings.turn_deadline)
        connection.tell(user, _job(active.intended, limit, request))

    def _turned(self, active: _Active, said: dict[str, Any]) -> tuple[End, str | None] | None:
        """Journal a turn; how it ended its session, if it did."""
        began, ended = int(said["began"]), int(said["ended"])
        planned, number = active.planned, active.number
        place: dict[str, Any] = {"session": planned.id, "turn": number}
        if active.began is None:
            active.began = began
            intended = began if planned.arrival is None else planned.arrival
            region = planned.record.region
            self.keep(
                SessionStarted(
                    at=began, session=planned.id, turn=None, intended=intended, region=region
                )
            )
        text = planned.record.turns[number - 1].input
        self.keep(TurnStarted(at=began, input=text, intended=active.intended, **place))
        if said.get("timed_out"):
            end = self._timed_out(active, ended)
            self.keep(TurnEnded(at=ended, error=end[1], timed_out=True, **place))
            return end
        try:
            reply = self._replied(said)
        except (AgentFailed, ValueError, TypeError) as error:
            self.keep(TurnEnded(at=ended, error=str(error), **place))
            return End.FAILED, f"turn {number}: {error}"
        active.latency = ended - active.intended
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
        return None

    def _replied(self, said: dict[str, Any]) -> Reply:
        if said.get("error"):
            raise AgentFailed(str(said["error"]))
        response = Response(
            status=int(said["status"]),
            headers=tuple((str(name).lower(), str(value)) for name, value in said["headers"]),
            body=said["body"].encode("latin-1"),
        )
        reply = self.asking.reply(response)
        if not reply.text.strip():
            raise AgentFailed("the agent's reply was empty")
        return reply

    def _timed_out(self, active: _Active, at: int) -> tuple[End, str]:
        if at >= active.deadline:
            return self._past_deadline()
        allowed = format_duration(self.settings.turn_deadline)
        return End.TIMED_OUT, f"turn {active.number} was not answered within {allowed}"

    def _past_deadline(self) -> tuple[End, str]:
        allowed = format_duration(self.settings.deadline)
        return End.TIMED_OUT, f"the session was not over after {allowed}"

    def _close(self, user: str, active: _Active, at: int, end: End, reason: str | None) -> None:
        name = active.planned.id
        if active.began is None:  # it thought longer than it had
            intended = active.planned.arrival or at
            self.keep(SessionStarted(at=at, session=name, turn=None, intended=intended))
        self.keep(SessionEnded(at=at, session=name, turn=None, end=end, reason=reason))
        del self._active[user]
        self.attribution.over(name)
        self.ended(name, end, active.latency)
        self._settle()

    @staticmethod
    def _left(active: _Active) -> None:
        if active.under_way is not None:
            active.under_way.__exit__(None, None, None)
            active.under_way = None


def _job(due: int, limit: int, request: AgentRequest) -> dict[str, Any]:
    return {
        "due": due,
        "limit": limit,
        "method": request.method,
        "target": request.target,
        "headers": dict(request.headers),
        "body": request.body.decode("latin-1"),
    }


class _Connection(asyncio.Protocol):
    """One process of the generator's."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._buffer = bytearray()
        self._known = False
        self._users: set[str] = set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by their class

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, with its users."""
        del exc
        for user in self._users:
            self._reception.gone(user, died=True)

    def data_received(self, data: bytes) -> None:
        """Some of what it says."""
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        if len(rest) > _MOST:
            self._abort()
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if not isinstance(said, dict):  # whoever that is, it is no generator of ours
                self._abort()
                return
            self._heard(said)

    def _heard(self, said: dict[str, Any]) -> None:
        if not self._known:
            given = str(said.get("hello", "")).encode()
            self._known = hmac.compare_digest(given, self._reception.token.encode())
            if not self._known:
                self._abort()
        elif "late" in said:
            for each in said["late"]:
                self._reception.late.add(int(each))
        else:
            self._of_user(str(said["user"]), said)

    def _of_user(self, user: str, said: dict[str, Any]) -> None:
        self._users.add(user)
        if said.get("ask"):
            self._reception.asked(user, self)
        elif said.get("gone"):
            self._users.discard(user)
            self._reception.gone(user, died=False)
        else:
            self._reception.came_back(user, self, said)

    def tell(self, user: str, job: dict[str, Any] | None) -> None:
        """Give a user its next turn, or none."""
        if self._transport is not None and not self._transport.is_closing():
            said = {"user": user} if job is None else {"user": user, "job": job}
            self._transport.write(json.dumps(said).encode() + b"\n")

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
