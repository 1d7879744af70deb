"""Where the users of a load generator come for their turns, and tell what became of them.

The generator only sends requests: when each is due, what is in it and what its response means is
decided here. How that is said: `evalkit.engine.generators`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from evalkit.agents.base import AgentFailed
from evalkit.engine.cells import PlannedSession
from evalkit.engine.dispensing import Dispenser
from evalkit.engine.generators import Generator
from evalkit.engine.visits import Ending, Visit, Visits
from evalkit.journal.records import End
from evalkit.live.meter import LoadCounts, Spread
from evalkit.world.callers import CALLER
from evalkit.world.clock import Clock


@dataclass(slots=True, kw_only=True)
class Reception:
    """One load test. `ended` is told of each session that is over: its id, its end, and the latency
    of its last turn in nanoseconds, if that had a reply. `rtts` is what the network of each region
    takes to the agent and back, in nanoseconds; `url` is the base URL of the agent.
    """

    clock: Clock
    dispenser: Dispenser
    visits: Visits
    token: str
    url: str
    arriving: Iterator[int] | None
    ended: Callable[[str, End, int | None], None]
    left_out: Callable[[str], None] = lambda _: None
    """Told of each session that is cut or lost."""
    rtts: Mapping[str, int] = field(default_factory=dict)
    late: Spread = field(default_factory=Spread)
    origin: int | None = None
    """When the first user came, in nanoseconds of the world; None before."""
    lost: dict[str, str] = field(default_factory=dict)
    """The sessions whose users went away in the middle, and the name of their process, which died.
    """
    cut: set[str] = field(default_factory=set)
    """The sessions that were under way when the test, or their user's part in it, was over."""
    stopped: str | None = None
    """Why it was over early, if it was."""
    dropped: int = 0
    """How many sessions arrived and found no user until the end."""
    alone_ends: bool = False
    """Whether it is over when every generator has gone."""
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    """The first generator is there."""
    began: asyncio.Event = field(default_factory=asyncio.Event)
    early: asyncio.Event = field(default_factory=asyncio.Event)
    """It is to end, whatever time is left."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """The first user came, or none will."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    generators: set[Generator] = field(default_factory=set)
    _active: dict[str, Visit] = field(default_factory=dict)
    _waiting: dict[str, Generator] = field(default_factory=dict)
    _due: deque[PlannedSession] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None
    _next_moment: int | None = None
    _over: bool = False

    def connection(self) -> asyncio.Protocol:
        """The protocol of a connection of the generator's."""
        return Generator(self)

    # What generators say -----------------------------------------------------------------------

    def now(self) -> int:
        """Nanoseconds of the world."""
        return self.clock.now

    def refused(self, generator: Generator) -> str | None:
        """Why a generator is of no use; None where it is."""
        region = generator.region
        if region is None:
            return None
        if self.rtts and region not in self.rtts:
            return f"the suite has no region {region!r}; there are: {', '.join(self.rtts)}"
        if not self.dispenser.fits(region):
            return f"no session of the suite is in region {region!r}"
        return None

    def came(self, generator: Generator) -> None:
        """A generator is there."""
        self.generators.add(generator)
        self.greeted.set()

    def left(self, generator: Generator) -> None:
        """A generator has gone, after its users."""
        self.generators.discard(generator)
        if self.alone_ends and not self.generators and not self.early.is_set():
            self.stop("every process of the load generator is gone")

    def were_late(self, late: list[int]) -> None:
        """How late a generator was at what was due, in nanoseconds."""
        for each in late:
            self.late.add(each)

    def over(self) -> None:
        """The generators are through."""
        self.early.set()
        self.moved.set()

    # What users say ----------------------------------------------------------------------------

    def asked(self, user: str, generator: Generator) -> None:
        """A user is free."""
        self._begin()
        if self._over:
            generator.tell(user, None)
        elif self.arriving is None:
            now = self.clock.now
            planned = self.dispenser.next(region=generator.region)
            self._give(user, generator, self.visits.begun(planned, now))
        elif (arrived := self._first_due(generator.region)) is not None:
            self._give_arrived(user, generator, arrived)
        else:
            self._waiting[user] = generator

    def came_back(self, user: str, generator: Generator, said: dict[str, Any]) -> None:
        """A turn is over."""
        visit = self._active.get(user)
        if visit is None:  # it was cut off
            generator.tell(user, None)
        elif self.visits.follows(visit, said):
            context = copy_context()
            context.run(CALLER.set, visit.caller)
            work = self._follow(user, generator, visit, said)
            visit.waiting = asyncio.get_running_loop().create_task(work, context=context)
        else:
            self._turned(user, generator, visit, said)

    async def _follow(
        self, user: str, generator: Generator, visit: Visit, said: dict[str, Any]
    ) -> None:
        """Wait for the reply of an agent that answered 202; its user waits too."""
        found = await self.visits.followed(visit, said, self.clock)
        visit.waiting = None
        self._turned(user, generator, visit, found)

    def _turned(self, user: str, generator: Generator, visit: Visit, said: dict[str, Any]) -> None:
        ending = self.visits.turned(visit, said)
        if ending is None:
            self._next_turn(user, generator, visit)
        else:
            self._close(user, generator, int(said["ended"]), ending)

    def gone(self, user: str, *, died: str | None = None) -> None:
        """A user comes no more; of a generator that `died`, which is its name."""
        self._waiting.pop(user, None)
        if (visit := self._active.pop(user, None)) is not None:
            visit.left()
            if died is None:
                self.cut.add(visit.planned.id)
            else:
                self.lost[visit.planned.id] = died
            self.left_out(visit.planned.id)
            self._settle()

    # The course of the test --------------------------------------------------------------------

    def stop(self, why: str) -> None:
        """Give out no more sessions, early."""
        if not self._over:
            self.stopped = why
            self.early.set()
            self.moved.set()

    def close(self) -> None:
        """Give out no more sessions."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._take_arrived()
        self._over = True
        self.dropped += len(self._due)
        self._due.clear()
        for user, generator in self._waiting.items():
            generator.tell(user, None)
        self._waiting.clear()
        self._settle()

    def cut_off(self) -> None:
        """Wait for nobody any more."""
        for user in tuple(self._active):
            self.gone(user)

    def counts(self) -> LoadCounts:
        """What became of it."""
        return LoadCounts(
            given=self.dispenser.given,
            dropped=self.dropped,
            cut=len(self.cut),
            lost=len(self.lost),
            lost_of=tuple(sorted(Counter(self.lost.values()).items())),
            late_p50=self.late.quantile(0.5),
            late_p99=self.late.quantile(0.99),
            stopped=self.stopped,
        )

    def _begin(self) -> None:
        if self.origin is None:
            self.origin = self.clock.now
            self.began.set()
            self.moved.set()
            if self.arriving is not None:
                self._next_moment = self._moment()
                self._await_arrival()

    def _moment(self) -> int | None:
        """When the next session arrives; None where no more do."""
        assert self.arriving is not None
        assert self.origin is not None
        moment = next(self.arriving, None)
        return None if moment is None else self.origin + moment

    def _await_arrival(self) -> None:
        """Take in what has arrived, however long ago, and wait for the next."""
        self._take_arrived()
        if (at := self._next_moment) is None:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(Clock.loop_time(at), self._await_arrival)

    def _take_arrived(self) -> None:
        now = self.clock.now
        while (at := self._next_moment) is not None and at <= now:
            self._next_moment = self._moment()
            self._arrived(at)

    def _arrived(self, at: int) -> None:
        planned = self.dispenser.next(at)
        free = self._free(planned.record.region)
        if free is None:
            self._due.append(planned)
        else:
            self._give_arrived(free, self._waiting.pop(free), planned)

    def _free(self, region: str | None) -> str | None:
        """The user that has waited longest of those that may take a session of a region."""
        fit = (user for user, at in self._waiting.items() if at.region in (None, region))
        return next(fit, None)

    def _first_due(self, region: str | None) -> PlannedSession | None:
        """The first session that has arrived and that a user in a region may take."""
        fit = (each for each in self._due if region in (None, each.record.region))
        if (found := next(fit, None)) is not None:
            self._due.remove(found)
        return found

    def _settle(self) -> None:
        if self._over and not self._active:
            self.idle.set()

    # Sessions ----------------------------------------------------------------------------------

    def _give_arrived(self, user: str, generator: Generator, planned: PlannedSession) -> None:
        assert planned.arrival is not None
        self._give(user, generator, self.visits.begun(planned, planned.arrival))

    def _give(self, user: str, generator: Generator, visit: Visit) -> None:
        self._active[user] = visit
        self._next_turn(user, generator, visit)

    def _next_turn(self, user: str, generator: Generator, visit: Visit) -> None:
        """Have the user take the next turn of its session."""
        first = visit.intended
        try:
            found = self.visits.next_turn(visit)
        except AgentFailed as error:
            now = self.clock.now
            said = {"began": now, "ended": now, "error": str(error)}
            self.came_back(user, generator, said)
            return
        if isinstance(found, tuple):
            self._close(user, generator, max(self.clock.now, first), found)
            return
        rtt = self.rtts.get(visit.planned.record.region or "", 0)
        generator.tell(user, {**found, "rtt": rtt} if rtt else found)

    def _close(self, user: str, generator: Generator, at: int, ending: Ending) -> None:
        visit = self._active.pop(user)
        self.visits.close(visit, at, *ending)
        self.ended(visit.planned.id, ending[0], visit.latency)
        self._settle()
        generator.tell(user, None)
