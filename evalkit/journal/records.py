"""The records of a journal: what happened in a world, in order.

Every record is frozen and says when (`at`, nanoseconds of world time) and to whom (`session`,
`turn`) it happened. Calls are numbered within their session, so that the numbers of one session do
not depend on another's calls. A record of a call that could not be attributed has no session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from evalkit.quick import quick
from evalkit.wire import Usage


class End(StrEnum):
    """How a session ended; the four add up to the sessions planned."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ERRORED = "errored"


class Answer(StrEnum):
    """What kind of reply a turn was."""

    ANSWERED = "answered"
    DEGRADED = "degraded"
    HOLD = "hold"
    ESCALATED = "escalated"
    REFUSED = "refused"
    SIGN_IN = "sign_in"
    PARTIAL = "partial"


class Outcome(StrEnum):
    """How a call ended on the wire."""

    REPLIED = "replied"  # the reply was sent whole
    ABANDONED = "abandoned"  # the client closed the connection before the reply was whole
    CUT = "cut"  # the service closed before the reply was whole
    RESET = "reset"  # the service broke the connection
    REFUSED = "refused"  # no connection came about
    OPEN = "open"  # still under way when the world ended


class Arrival(StrEnum):
    """What became of an attempt to deliver a webhook to the agent."""

    TAKEN = "taken"  # answered 2xx
    REFUSED = "refused"  # answered otherwise
    FAILED = "failed"  # no answer: the agent raised, or took too long
    UNREACHABLE = "unreachable"  # nothing of the agent answers at its URL
    LOST = "lost"  # a fault: it never arrived, and its sender does not know
    UNSENT = "unsent"  # not due until long after its session was over


class Stage(StrEnum):
    """How far a fault has come."""

    SCHEDULED = "scheduled"  # the schedule chose this call
    FIRED = "fired"  # the reply was changed, or the connection refused
    DELIVERED = "delivered"  # the client received its consequence


class Severity(StrEnum):
    """Whether a finding fails its scenario."""

    VIOLATION = "violation"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every record has. `at` is in nanoseconds since the start of the world."""

    at: int
    session: str | None = None
    turn: int | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Record):
    """A session began; `intended` is when it should have."""

    intended: int
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Record):
    """A session ended; `reason` says why in one line unless it completed."""

    end: End
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Record):
    """A turn was handed to the agent; `intended` is when it should have been."""

    input: str
    intended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Record):
    """A turn came back. `error` is one line, `traceback` the whole, when the agent raised."""

    text: str | None = None
    answer: Answer | None = None
    confidence: float | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    timed_out: bool = False
    traceback: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Record):
    """A request arrived at a service.

    `identity` is the hash of the canonical request, `occurrence` and `attempt` (both from 1) place
    it in its logical call; `logical` names that: the number of the call that was attempt 1.
    `sdk_retry` is what the client's own retry counter says.
    """

    call: int
    service: str
    operation: str
    method: str
    path: str
    identity: str
    occurrence: int
    attempt: int
    logical: int
    sdk_retry: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Record):
    """A call is over. `first_byte`, `first_token` and `last_token` are world times or None: when
    the head went out, and the first and the last piece of the body.

    `spared` holds pairs: a fault rule that aims at the call's operation and did not fire, and why.
    Kept because it cannot always be found out again: a share is drawn from the identity of the
    request, which is masked with what the request holds. Which rules fired is in `FaultMoved`, and
    which aim elsewhere follows from the rules, so that a call without rules costs nothing here.
    """

    call: int
    outcome: Outcome
    status: int | None = None
    first_byte: int | None = None
    first_token: int | None = None
    last_token: int | None = None
    sent: int = 0
    body: bytes = b""
    model: str | None = None
    usage: Usage | None = None
    route: str | None = None
    complaint: str | None = None
    failed: bool = False  # the client could not use the reply: see evalkit.journal.identity
    spared: tuple[tuple[int, str], ...] = ()
    breaches: tuple[str, ...] = ()  # how the request broke the service's contract, and where
    scopes_had: tuple[str, ...] | None = None  # of the credential; None where none was accepted
    scopes_used: tuple[str, ...] = ()  # those that the operation needs
    retry_after: int | None = None  # nanoseconds that the reply told its client to wait


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMoved(Record):
    """A fault reached a stage. `rule` is its place in the scenario, `fault` its kind."""

    stage: Stage
    rule: int
    fault: str
    service: str
    call: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMissed(Record):
    """A fault aimed at attempts that the agent never made: the logical call ended before."""

    rule: int
    fault: str
    service: str
    reason: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCommitted(Record):
    """A service changed something because of a call; `fault` is what changed when, or how often."""

    service: str
    call: int
    name: str
    key: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSent(Record):
    """A service tried to deliver a webhook to the agent, because of a call of the session's.

    `id` is the same in all attempts at one webhook, which are counted from 1, and in copies of it.
    `began` is when the attempt was sent, in nanoseconds of world time; `last` says that no other
    follows. `fault` names the fault that made a copy.
    """

    service: str
    call: int
    name: str
    id: str
    attempt: int
    url: str
    began: int
    arrival: Arrival
    last: bool
    status: int | None = None
    error: str | None = None
    fault: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """One violated expectation, with the calls that prove it."""

    check: str
    severity: Severity
    message: str
    expected: str | None = None
    seen: str | None = None
    calls: tuple[int, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWritten(Record):
    """A record of the agent's own log, or a line that a process of its printed.

    `level` is called as in Python's `logging`; `text` is the message with its traceback, and `data`
    the fields that it was given besides (`extra`). Both are cut where they are long.
    """

    logger: str
    level: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


CONNECT = "connect"
"""The operation of a call that never became a request: what a connect fault met."""

WEBHOOK = "webhook "
"""How the operation begins that faults know a webhook by; its name follows."""

AnyRecord: TypeAlias = (
    SessionStarted
    | SessionEnded
    | TurnStarted
    | TurnEnded
    | CallStarted
    | CallEnded
    | FaultMoved
    | FaultMissed
    | EffectCommitted
    | CallbackSent
    | Finding
    | LogWritten
)
