"""Sees the moments at which the agent is to fail, and has it killed.

Of the turns that were under way, in whatever session, each is asked again (see
`evalkit.engine.sessions`). The journal has the fault as scheduled and fired at its moment, as fired
at every other call that broke off with the agent, and as delivered to every session whose turn has
to be asked again, and to every session between two turns as its next turn meets another agent. What
the new agent calls is no attempt at what the dead one called: the wait and the retries of both are
counted apart. While the agent is down there are no moments.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evalkit.agents.living import Kill
from evalkit.faults import Rule, Schedule
from evalkit.faults.moments import Kind, Moment, means, most
from evalkit.faults.restart import Restart
from evalkit.faults.rule import AGENT
from evalkit.journal.identity import Identities, Place
from evalkit.journal.records import FaultMoved, Stage
from evalkit.journal.writer import Journal
from evalkit.wire import Request
from evalkit.world.clock import Clock
from evalkit.world.lives import LIFE, Life


@dataclass(frozen=True, slots=True)
class Killed:
    """Why a life ended: the rule and its fault, and the call of the moment, if it was one."""

    rule: int
    fault: str
    session: str
    call: int | None


class Restarts:
    """The agent faults of one world."""

    def __init__(
        self, *, schedule: Schedule, journal: Journal, clock: Clock, identities: Identities
    ) -> None:
        self._rules = tuple(rule for rule in schedule.rules if rule.of_agent)
        self._schedule = schedule
        self._journal = journal
        self._clock = clock
        self._identities = identities
        self._met: Counter[tuple[int, str]] = Counter()
        self._effects: Counter[tuple[str, str]] = Counter()
        self._kill: Kill | None = None

    @property
    def any(self) -> bool:
        """Whether the agent may be killed at all."""
        return bool(self._rules)

    def kill_by(self, kill: Kill) -> None:
        """Kill the agent by calling this, with the cause and how long it is to be down."""
        self._kill = kill

    # Moments -----------------------------------------------------------------------------------

    def turn_began(self, session: str, turn: int, life: Life | None) -> None:
        """A turn was handed to the agent."""
        if self._rules:
            self._meet(Kind.TURN, session, turn, life)

    def reply_made(self, session: str, turn: int) -> None:
        """The agent, which is in context, has made its reply."""
        if self._rules:
            self._meet(Kind.REPLY, session, turn, LIFE.get())

    def called(self, place: Place, request: Request) -> None:
        """A request of the agent, which is in context, has arrived."""
        if self._rules and place.session is not None:
            self._meet(
                Kind.CALL,
                place.session,
                place.turn or 0,
                LIFE.get(),
                service=place.service,
                what=place.operation,
                ordinal=place.logical_ordinal,
                attempt=place.attempt,
                call=place.call,
                request=request,
            )

    def committed(self, place: Place, effect: str, life: Life | None) -> None:
        """An effect of a call that the agent made in this life was committed."""
        if self._rules and place.session is not None:
            self._effects[place.session, effect] += 1
            self._meet(
                Kind.EFFECT,
                place.session,
                place.turn or 0,
                life,
                service=place.service,
                what=effect,
                ordinal=self._effects[place.session, effect],
                call=place.call,
            )

    def _meet(
        self, kind: Kind, session: str, turn: int, life: Life | None, **about: object
    ) -> None:
        if life is None or life.over:
            return
        at = self._clock.now
        moment = Moment(kind=kind, at=at, session=session, turn=turn, **about)  # type: ignore[arg-type]
        if (rule := self._meaning(moment)) is None:
            return
        self._met[rule.index, session] += 1
        fault = next(each for each in rule.faults if isinstance(each, Restart))
        killed = Killed(rule.index, fault.name, session, moment.call)
        for stage in (Stage.SCHEDULED, Stage.FIRED):
            self._moved(stage, killed, session, turn, moment.call)
        self._identities.forget_failures()
        assert self._kill is not None
        self._kill(killed, fault.takes)

    def _meaning(self, moment: Moment) -> Rule | None:
        """The first rule that means the moment."""
        seed, scenario = self._schedule.seed, self._schedule.scenario
        fitting = (
            rule
            for rule in self._rules
            if self._met[rule.index, moment.session] < most(rule)
            and means(rule, moment, seed=seed, scenario=scenario)
        )
        return next(fitting, None)

    # What comes of it --------------------------------------------------------------------------

    def broke_off(self, place: Place, life: Life | None) -> bool:
        """Whether a call that its client gave up ended because the agent died."""
        if life is None or not isinstance(killed := life.cause, Killed):
            return False
        if (killed.session, killed.call) != (place.session, place.call):
            self._moved(Stage.FIRED, killed, place.session, place.turn, place.call)
        return True

    def delivered(self, life: Life | None, session: str, turn: int) -> None:
        """The end of the agent shows in a turn."""
        if life is not None and isinstance(killed := life.cause, Killed):
            self._moved(Stage.DELIVERED, killed, session, turn, None)

    def _moved(
        self, stage: Stage, killed: Killed, session: str | None, turn: int | None, call: int | None
    ) -> None:
        self._journal.append(
            FaultMoved(
                at=self._clock.now,
                session=session,
                turn=turn,
                stage=stage,
                rule=killed.rule,
                fault=killed.fault,
                service=AGENT,
                call=call,
            )
        )
