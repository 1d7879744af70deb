"""The schedule: which faults hit which call.

A pure function of the rules, the seed, the scenario's name and the place of the call. It keeps no
state and no stream of random numbers, so the order in which calls come changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from evalkit.faults.base import Fault
from evalkit.faults.matching import mismatch
from evalkit.faults.rule import Rule
from evalkit.faults.status import Status
from evalkit.faults.trigger import When, Window
from evalkit.journal.identity import Place
from evalkit.journal.records import WEBHOOK
from evalkit.keyed import Draw
from evalkit.units import format_duration
from evalkit.wire import Request

CallPlace: TypeAlias = Place


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that aims at the call's operation, whether it fired, and why or why not."""

    rule: int
    fired: bool
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a call or a connection meets: `fired` holds pairs of rule index and fault, in order."""

    fired: tuple[tuple[int, Fault], ...] = ()
    considered: tuple[Considered, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults alone."""
        return tuple(fault for _, fault in self.fired)


@dataclass(frozen=True, slots=True)
class Missed:
    """A fault aimed at an attempt that was never made."""

    rule: int
    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The fault rules of a scenario."""

    rules: tuple[Rule, ...]
    seed: int
    scenario: str

    def decide(self, call: CallPlace, at: int = 0, request: Request | None = None) -> Decision:
        """What this call meets: the request that arrived at a world time in nanoseconds."""
        aimed = [rule for rule in self.rules if _aims(rule, call)]
        return _decision((rule, *self._judge(rule, call, at, request)) for rule in aimed)

    def decide_connect(
        self, service: str, session: str | None, connection: int, at: int = 0
    ) -> Decision:
        """What the session's n-th connection to the service meets, counted from 1, at a world time
        in nanoseconds.
        """
        aimed = [rule for rule in self.rules if rule.connects and rule.service == service]
        judged = ((rule, *self._judge_connect(rule, session, connection, at)) for rule in aimed)
        return _decision(judged)

    def breaks_open(self, service: str, session: str | None, at: int) -> Decision:
        """What befalls the connections that a session has open: an outage with a `window` does not
        spare them.
        """
        whole = self.decide_connect(service, session, 1, at)
        timed = {rule.index for rule in self.rules if rule.when.window is not None}
        return Decision(tuple(each for each in whole.fired if each[0] in timed), whole.considered)

    def missed(
        self, last: CallPlace, at: int = 0, request: Request | None = None
    ) -> tuple[Missed, ...]:
        """The faults aimed at attempts after this one, the last of its logical call."""
        wanted = {
            attempt
            for rule in self.rules
            if _aims(rule, last)
            for attempt in _attempts(rule.when)
            if attempt > last.attempt
        }
        return tuple(
            each
            for attempt in sorted(wanted)
            for each in self._missed_at(attempt, last, at, request)
        )

    def _missed_at(
        self, attempt: int, last: CallPlace, at: int, request: Request | None
    ) -> Iterator[Missed]:
        ordinal = last.request_ordinal + attempt - last.attempt
        imagined = replace(last, attempt=attempt, request_ordinal=ordinal)
        aimed = {rule.index for rule in self.rules if attempt in _attempts(rule.when)}
        for index, fault in self.decide(imagined, at, request).fired:
            if index in aimed:
                made = f"the call ended after attempt {last.attempt}"
                yield Missed(index, fault, f"aimed at attempt {attempt}, but {made}")

    def _judge(
        self, rule: Rule, call: CallPlace, at: int, request: Request | None
    ) -> tuple[tuple[Fault, ...], str]:
        """What the rule injects into the call, and why; nothing and why not."""
        when = rule.when
        if when.window is not None and (why := _outside(when.window, at)):
            return (), why
        for name, wanted, seen in _counted(when, call):
            if seen not in wanted:
                return (), f"this is {name} {seen}, not {' or '.join(map(str, wanted))}"
        if when.first is not None and call.request_ordinal > when.first:
            return (), f"this is request {call.request_ordinal}, after the first {when.first}"
        if when.until is not None and call.failures >= when.until:
            return (), f"{call.failures} calls have failed, and it is until {when.until} have"
        if when.match is not None and (why := mismatch(when.match, request)):
            return (), why
        since = _since(when, at)
        share = _share(when, since)
        if share is not None:
            drawn = self.share_draw(rule, call).unit("share")
            if drawn >= share:
                return (), f"drew {drawn:.4f}, not below the share {share:.4g}"
        faults, why = _of_sequence(rule, call.request_ordinal)
        return tuple([each.grown(since, call.request_ordinal) for each in faults]), why

    def share_draw(self, rule: Rule, call: CallPlace) -> Draw:
        """The draw that a share is taken from: per logical call, or per attempt."""
        draw = Draw(
            self.seed,
            self.scenario,
            rule.index,
            call.session,
            call.turn,
            call.service,
            call.operation,
            call.identity,
            call.occurrence,
        )
        return draw.at(call.attempt) if rule.when.per == "attempt" else draw

    def _judge_connect(
        self, rule: Rule, session: str | None, connection: int, at: int
    ) -> tuple[tuple[Fault, ...], str]:
        when = rule.when
        if when.window is not None and (why := _outside(when.window, at)):
            return (), why
        if when.first is not None and connection > when.first:
            return (), f"this is connection {connection}, after the first {when.first}"
        since = _since(when, at)
        share = _share(when, since)
        if share is not None:
            draw = Draw(self.seed, self.scenario, rule.index, session, rule.service)
            drawn = draw.unit("share")
            if drawn >= share:
                return (), f"the session drew {drawn:.4f}, not below the share {share:.4g}"
        return tuple([each.grown(since, connection) for each in rule.faults]), "all of `when` holds"


def _aims(rule: Rule, call: CallPlace) -> bool:
    if rule.connects or rule.of_agent or rule.calls_back != call.operation.startswith(WEBHOOK):
        return False
    return rule.service == call.service and rule.aims_at(call.operation)


def _outside(window: Window, at: int) -> str | None:
    """Why a moment is not within the window, in words; None if it is."""
    if window.start <= at < window.end:
        return None
    start, end = format_duration(window.start), format_duration(window.end)
    return f"it is {format_duration(at)} into the world, not from {start} to {end}"


def _since(when: When, at: int) -> int:
    """How long a rule holds: since the beginning of its window, or of the world."""
    return at if when.window is None else at - when.window.start


def _share(when: When, since: int) -> float | None:
    return when.share if when.ramp is None else when.ramp.share(since)


def _attempts(when: When) -> tuple[int, ...]:
    return (when.attempt,) if when.attempt is not None else when.attempts or ()


def _counted(when: When, call: CallPlace) -> Iterator[tuple[str, tuple[int, ...], int | None]]:
    """The conditions on a number of the call: its name, what is wanted and what it is."""
    if when.call is not None:
        yield "call", (when.call,), call.logical_ordinal
    if when.turn is not None:
        yield "turn", (when.turn,), call.turn
    if attempts := _attempts(when):
        yield "attempt", attempts, call.attempt


def _of_sequence(rule: Rule, ordinal: int) -> tuple[tuple[Fault, ...], str]:
    sequence = rule.when.sequence
    if sequence is None:
        return rule.faults, "all of `when` holds"
    if ordinal > len(sequence):
        return (), f"this is request {ordinal}, after the {len(sequence)} of the sequence"
    entry = sequence[ordinal - 1]
    if entry == "ok":
        return (), f"the sequence says ok to request {ordinal}"
    faults = rule.faults if entry == "inject" else (Status(status=entry),)
    return faults, f"the sequence says {entry} to request {ordinal}"


def _decision(judged: Iterator[tuple[Rule, tuple[Fault, ...], str]]) -> Decision:
    fired: list[tuple[int, Fault]] = []
    considered: list[Considered] = []
    for rule, faults, why in judged:
        fired += [(rule.index, fault) for fault in faults]
        considered.append(Considered(rule.index, bool(faults), why))
    return Decision(tuple(fired), tuple(considered))
