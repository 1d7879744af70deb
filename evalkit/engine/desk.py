"""What the services of one world share: journal, clock, call identities and schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property

from evalkit.engine.callbacks import Callbacks
from evalkit.engine.filling import Filling
from evalkit.engine.ledger import Ledger
from evalkit.engine.restarts import Restarts
from evalkit.faults import Decision, Schedule
from evalkit.journal.identity import Identities, Place
from evalkit.journal.records import FaultMissed, FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.keyed import Draw
from evalkit.wire import Caller, Earlier, Reply, Request
from evalkit.world.clock import Clock

_NOTHING = Decision()


class Desk:
    """What the services of one world share: journal, clock, call identities and schedule. `origin`
    is the world time at which the timetable of faults begins.
    """

    origin = 0

    def __init__(self, *, journal: Journal, clock: Clock, schedule: Schedule, seed: int) -> None:
        self.journal = journal
        self.clock = clock
        self.schedule = schedule
        self.filling = Filling(schedule.rules)
        self.seed = seed
        self.identities = Identities()
        self.ledger = Ledger(journal=journal, clock=clock)
        self.callbacks = Callbacks(journal=journal, clock=clock, schedule=schedule, seed=seed)
        self.restarts = Restarts(
            schedule=schedule, journal=journal, clock=clock, identities=self.identities
        )
        self._last: dict[str | None, dict[int, tuple[Place, Request]]] = defaultdict(dict)
        self._replied: dict[str, dict[tuple[str, str], list[tuple[str, bytes]]]] = {}

    def begin(self, caller: Caller | None, service: str, operation: str, identity: str) -> Place:
        """The place of a call that begins now."""
        session = None if caller is None else caller.session
        turn = None if caller is None else caller.turn
        return self.identities.begin(session, turn, service, operation, identity)

    def draw(self, place: Place) -> Draw:
        """What is drawn for a call: by its identity, so that it depends on no order."""
        return place.draw(self.seed)

    def decide(self, place: Place, request: Request) -> Decision:
        """Which faults a call meets."""
        if not self.schedule.rules:
            return _NOTHING
        if place.session is not None:  # what is of none never comes to an end
            self._last[place.session][place.logical] = place, request
        return self.schedule.decide(place, self.clock.now - self.origin, request)

    @cached_property
    def remembers(self) -> bool:
        """Whether some fault of the scenario needs to know what was replied before."""
        return any(fault.remembers for rule in self.schedule.rules for fault in rule.faults)

    def remember(self, place: Place, reply: Reply) -> Reply:
        """The reply with what its operation replied before in the session, kept for the next."""
        if place.session is None or reply.status >= 400:
            return reply
        own = self._replied.setdefault(place.session, {})
        before = own.setdefault((place.service, place.operation), [])
        earlier = tuple(Earlier(identity == place.identity, body) for identity, body in before)
        before.append((place.identity, reply.body()))
        return replace(reply, earlier=earlier)

    def moved(self, stage: Stage, place: Place, fired: Iterable[tuple[int, str]]) -> None:
        """Journal that these faults (rule and kind) reached a stage."""
        for rule, fault in fired:
            self.journal.append(
                FaultMoved(
                    at=self.clock.now,
                    session=place.session,
                    turn=place.turn,
                    stage=stage,
                    rule=rule,
                    fault=fault,
                    service=place.service,
                    call=place.call,
                )
            )

    async def settled(self) -> None:
        """Wait for what calls caused and what came, or still comes, after their sessions."""
        await self.ledger.settled()
        await self.callbacks.settled()
        await self.ledger.settled()

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: what is known of them takes up room."""
        self.identities.forget(sessions)
        self.callbacks.forget(sessions)
        for session in sessions:
            self._replied.pop(session, None)
            self._last.pop(session, None)

    def session_over(self, session: str) -> None:
        """Journal the faults aimed at attempts that the session never made."""
        self.ledger.session_over(session)
        self.callbacks.session_over(session)
        for place, request in self._last.pop(session, {}).values():
            for missed in self.schedule.missed(place, request.at, request):
                self.journal.append(
                    FaultMissed(
                        at=self.clock.now,
                        session=place.session,
                        turn=place.turn,
                        rule=missed.rule,
                        fault=missed.fault.name,
                        service=place.service,
                        reason=f"call #{place.logical}: {missed.reason}",
                    )
                )


def kinds(decision: Decision) -> list[tuple[int, str]]:
    """The faults that fired: rule and kind of each."""
    return [(rule, fault.name) for rule, fault in decision.fired]


def spared(decision: Decision) -> tuple[tuple[int, str], ...]:
    """The rules that were considered and did not fire, each with why."""
    if not decision.considered:
        return ()
    return tuple((each.rule, each.why) for each in decision.considered if not each.fired)
