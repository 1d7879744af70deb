"""The webhooks of one world: when they are sent, what befalls them, and that they are tried again.

A webhook belongs to the session whose call caused it, whatever comes of it. One that is due, or due
again, more than `evalkit.engine.timers.LINGER` after the end of that session is not sent, and the
journal says so; the cell waits for all others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Coroutine
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any

from evalkit.agents.living import Process
from evalkit.engine.attempts import Attempt, CallbackJournal, Caused
from evalkit.engine.delivering import Arrived, deliver, signed
from evalkit.engine.timers import Timers
from evalkit.faults import Decision, Schedule
from evalkit.faults.callback_duplicated import CallbackDuplicated
from evalkit.faults.callback_reordered import CallbackReordered
from evalkit.faults.callbacks import Sending, Signed
from evalkit.journal.identity import Identities, Place
from evalkit.journal.records import WEBHOOK, Arrival, Stage
from evalkit.journal.writer import Journal
from evalkit.wire import Caller, Reply
from evalkit.world.clock import Clock

_COPY = CallbackDuplicated.name


@dataclass(frozen=True, slots=True)
class _Held:
    """A webhook held back until a later one is sent; `number` is its place in its session."""

    number: int
    overtaken: asyncio.Future[bool]


class Callbacks:
    """Sends the webhooks that calls cause."""

    def __init__(self, *, journal: Journal, clock: Clock, schedule: Schedule, seed: int) -> None:
        self._journal = CallbackJournal(journal=journal, clock=clock)
        self._clock = clock
        self._schedule = schedule
        self._seed = seed
        self._identities = Identities()
        self._timers = Timers(clock)
        self._process: Process | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._of: Counter[str | None] = Counter()  # how many of those, by session
        self._gone: set[str | None] = set()  # sessions to be forgotten as soon as there are none
        self._held: dict[tuple[str | None, str], list[_Held]] = defaultdict(list)
        self._crash: BaseException | None = None

    def reach(self, process: Process) -> None:
        """Send them to this agent."""
        self._process = process

    def take_on(self, place: Place, caller: Caller | None, reply: Reply) -> None:
        """A service takes a request on with this reply: send what that causes, when it is due."""
        for callback in reply.callbacks:
            self._start(self._deliver(Caused(callback, place, caller)), place.session)

    def session_over(self, session: str) -> None:
        """Give up what is due too late after the end of a session."""
        self._timers.over(session)

    async def settled(self) -> None:
        """Wait until all have been delivered or given up."""
        self._timers.over(None)
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._crash is not None:
            raise self._crash

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing new of these sessions comes any more: what is known of them takes up room."""
        for session in sessions:
            if self._of[session]:
                self._gone.add(session)
            else:
                self._forget(session)

    def _forget(self, session: str | None) -> None:
        self._of.pop(session, None)
        self._gone.discard(session)
        self._timers.forget(session)
        if session is not None:
            self._identities.forget([session])

    def _start(self, work: Coroutine[Any, Any, None], session: str | None) -> None:
        # In a context of its own: the one at hand is the agent's, and dies with it.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._under_way.add(task)
        self._of[session] += 1
        task.add_done_callback(partial(self._done, session))

    def _done(self, session: str | None, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._of[session] -= 1
        if session in self._gone and not self._of[session]:
            self._forget(session)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash = error

    async def _deliver(self, caused: Caused) -> None:
        """All attempts at a webhook, one after the other."""
        waits = (caused.callback.after, *caused.callback.retries)
        for number, wait in enumerate(waits, start=1):
            if not await self._timers.wait(caused.cause.session, wait):
                self._journal.unsent(caused, number)
                return
            attempt = self._attempt(caused, last=number == len(waits))
            again = await self._tried(attempt)
            if attempt.last or not again:
                self._journal.missed(attempt, self._schedule)
                return

    # One attempt -------------------------------------------------------------------------------

    def _attempt(self, caused: Caused, *, last: bool) -> Attempt:
        """The next attempt, with the faults that it is to meet."""
        cause, callback = caused.cause, caused.callback
        place = self._identities.begin(
            cause.session, cause.turn, cause.service, f"{WEBHOOK}{callback.name}", callback.id
        )
        request = caused.as_request(self._clock.now)
        decision = Decision()
        if self._schedule.rules:
            decision = self._schedule.decide(place, self._clock.now, request)
        attempt = Attempt(caused, place, request, decision, last)
        self._journal.moved(Stage.SCHEDULED, attempt)
        return attempt

    async def _tried(self, attempt: Attempt) -> bool:
        """Make an attempt; whether its sender will try again, if it still does."""
        sending, draw = Sending(), attempt.place.draw(self._seed)
        for at, (_, fault) in enumerate(attempt.fired):
            sending = fault.send(sending, draw.at(at, fault.name))
        self._journal.moved(Stage.FIRED, attempt)
        overtaken = await self._overtaken(attempt, sending)
        if not await self._timers.wait(attempt.place.session, sending.wait):
            self._journal.unsent(attempt.caused, attempt.place.attempt)
            return False
        what = signed(attempt.caused.callback, self._clock.wall)
        for at, (_, fault) in enumerate(attempt.fired):
            what = fault.alter(what, draw.at(at, fault.name))
        arrived = await self._sent(attempt, what, sending)
        self._release(attempt)
        skipped = () if overtaken or sending.held is None else (CallbackReordered.name,)
        if arrived.arrival is not Arrival.UNREACHABLE:
            self._journal.moved(Stage.DELIVERED, attempt, but=skipped)
        self._identities.end(attempt.place, failed=_again(arrived))
        return _again(arrived)

    async def _overtaken(self, attempt: Attempt, sending: Sending) -> bool:
        """Hold a webhook back until the next of its session is sent; whether one was, in time."""
        if sending.held is None:
            return False
        overtaken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        held = self._held[attempt.place.session, attempt.place.service]
        here = _Held(attempt.place.call, overtaken)
        held.append(here)
        moment = Clock.loop_time(self._clock.now + sending.held)
        timer = overtaken.get_loop().call_at(moment, _resolve, overtaken, False)
        try:
            return await overtaken
        finally:
            timer.cancel()
            held.remove(here)
            if not held:
                del self._held[attempt.place.session, attempt.place.service]

    def _release(self, attempt: Attempt) -> None:
        """This one was sent: those before it that were held back follow."""
        for each in self._held.get((attempt.place.session, attempt.place.service), ()):
            if each.number < attempt.place.call:
                _resolve(each.overtaken, True)

    async def _sent(self, attempt: Attempt, what: Signed, sending: Sending) -> Arrived:
        began, number = self._clock.now, attempt.place.attempt
        if sending.lost:
            arrived = Arrived(Arrival.LOST)
        else:
            for gap in sending.copies:
                self._start(self._copy(attempt, what, gap), attempt.place.session)
            arrived = await self._delivered(attempt.caused, what)
        last = attempt.last or not _again(arrived)
        self._journal.sent(attempt.caused, number, began, arrived, what.body, last=last)
        return arrived

    async def _copy(self, attempt: Attempt, what: Signed, gap: int) -> None:
        """The same once more; what comes of it is of no consequence to the sender."""
        caused, number = attempt.caused, attempt.place.attempt
        if not await self._timers.wait(attempt.place.session, gap):
            self._journal.unsent(caused, number, _COPY)
            return
        began = self._clock.now
        arrived = await self._delivered(caused, what)
        self._journal.sent(caused, number, began, arrived, what.body, fault=_COPY)

    async def _delivered(self, caused: Caused, what: Signed) -> Arrived:
        return await deliver(self._process, caused.callback, what, caused.caller, self._clock)


def _again(arrived: Arrived) -> bool:
    """Whether its sender does not take it for delivered."""
    return arrived.arrival not in (Arrival.TAKEN, Arrival.LOST)


def _resolve(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)
