"""The moments at which an agent can be told to fail, and which rules mean one.

A rule `at: agent` names one kind of moment: `after` an effect was committed, `during` a call (its
request has arrived, its reply is not there), `before` the reply of a turn reaches the client, or,
where it names none, the beginning of a turn. Whether it means a moment follows from the moment and
the seed alone. How often a rule means moments of a session is counted by whoever sees them, and
bounded by `first`, which is 1 unless it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from evalkit.faults.matching import mismatch
from evalkit.faults.rule import Rule
from evalkit.faults.trigger import When
from evalkit.keyed import Draw
from evalkit.wire import Request


class Kind(StrEnum):
    """What happens at a moment."""

    TURN = "turn"  # a turn was handed to the agent
    CALL = "call"  # a request of the agent has arrived, and the reply is not there
    EFFECT = "effect"  # an effect of a call was committed
    REPLY = "reply"  # the agent has made its reply, and the client does not have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment of a session's turn. `at` is in nanoseconds of world time.

    `what` is the operation of a call or the name of an effect, `service` whose it is. `ordinal`
    counts the logical calls of the operation, or the effects of the name, in the session.
    """

    kind: Kind
    at: int
    session: str
    turn: int
    service: str = ""
    what: str = ""
    ordinal: int = 1
    attempt: int = 1
    call: int | None = None
    request: Request | None = None


def most(rule: Rule) -> int:
    """How many moments of a session a rule means at the most."""
    return rule.when.first or 1


def means(rule: Rule, moment: Moment, *, seed: int, scenario: str) -> bool:
    """Whether a rule `at: agent` means this moment."""
    return (
        rule.of_agent
        and _is_of_its_kind(rule.when, moment)
        and _holds(rule.when, moment)
        and _drawn(rule, moment, seed, scenario)
    )


def _is_of_its_kind(when: When, moment: Moment) -> bool:
    if when.after is not None:
        return moment.kind is Kind.EFFECT and fnmatchcase(moment.what, when.after.effect)
    if when.during is not None:
        service, _, operation = when.during.partition(" ")
        aimed = service == moment.service and fnmatchcase(moment.what, operation.strip() or "*")
        return moment.kind is Kind.CALL and aimed
    return moment.kind is (Kind.TURN if when.before is None else Kind.REPLY)


def _holds(when: When, moment: Moment) -> bool:
    attempts = (when.attempt,) if when.attempt is not None else when.attempts or ()
    return (
        (when.turn is None or when.turn == moment.turn)
        and (when.call is None or when.call == moment.ordinal)
        and (not attempts or moment.attempt in attempts)
        and (when.match is None or not mismatch(when.match, moment.request))
        and (when.window is None or when.window.start <= moment.at < when.window.end)
    )


def _drawn(rule: Rule, moment: Moment, seed: int, scenario: str) -> bool:
    """Whether the draw of the moment is below the share: per session and turn, and what it is."""
    when = rule.when
    since = moment.at if when.window is None else moment.at - when.window.start
    share = when.share if when.ramp is None else when.ramp.share(since)
    if share is None:
        return True
    key = (moment.session, moment.turn, moment.kind, moment.service, moment.what, moment.ordinal)
    return Draw(seed, scenario, rule.index, *map(str, key)).unit("share") < share
