"""What failed in a turn and was never made good: the ground of several checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from evalkit.checks.attempting import gave_up
from evalkit.checks.called_off import befallen, called_off, read_enough
from evalkit.checks.made_good import READING, made_good
from evalkit.checks.spoken import said_in
from evalkit.checks.words import failure_of, listed, numbered
from evalkit.faults import AGENT, FAULTS
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.records import Answer, FaultMoved, Outcome, Stage
from evalkit.journal.views import CallView, SessionView, TurnView

_UNFINISHED = "unfinished"

# Statuses below 500 that are the service's failure, not its answer.
_FAILURES = frozenset({408, 429})

# Statuses that are an answer, though a fault gave it: there is no such thing, or not like this.
_ANSWERS = frozenset({400, 404, 405, 409, 410, 412, 413, 415, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A service failed a turn and nothing made it good.

    `injected` tells that a fault reached the client; `timed_out` that the client gave up waiting;
    `refused` that a fault had it answer, in good order, that there is no such thing.
    """

    service: str
    turn: TurnView
    calls: tuple[int, ...]
    what: str
    injected: bool
    timed_out: bool
    refused: bool = False


def failures(session: SessionView, models: frozenset[str] = frozenset()) -> tuple[Failure, ...]:
    """Every failure of a session that was not made good, turn by turn. `models` are the services
    that may stand in for each other, as far as is known.
    """
    over = None if session.ended is None else session.ended.at
    return tuple(failure for turn in session.turns for failure in _of_turn(turn, over, models))


def troubled(session: SessionView) -> frozenset[int]:
    """The numbers of the turns in which a call failed for good, even where another stood in."""
    return frozenset(turn.turn for turn in session.turns if any(_failed_calls(turn)))


def _failed_calls(turn: TurnView) -> Iterator[LogicalCall]:
    off = called_off(turn.calls)
    for logical in logical_calls(turn.calls):
        if not logical.recovered and logical.last.call not in off and _service_failed(logical):
            yield logical


def _of_turn(turn: TurnView, over: int | None, models: frozenset[str]) -> Iterator[Failure]:
    for logical in _failed_calls(turn):
        if _beside_the_reply(logical, turn, over) or made_good(logical, turn, models):
            continue
        ways = listed(way for way, _ in groupby(failure_of(call) for call in logical.attempts))
        name = f"{logical.service} {logical.operation}"
        yield Failure(
            service=logical.service,
            turn=turn,
            calls=logical.numbers,
            what=f"{name} failed ({numbered(logical.numbers)}: {ways})",
            injected=any(_reached_its_client(call) for call in logical.attempts),
            timed_out=gave_up(logical.last),
            refused=_answered_otherwise(logical.last),
        )


def _beside_the_reply(logical: LogicalCall, turn: TurnView, over: int | None) -> bool:
    """Whether a reading was begun when the reply had been given, or a call that nothing befell was
    given up only because its session was over: nobody waited for it.
    """
    if turn.ended is None:
        return False
    first, last, told = logical.first.started, logical.last, turn.ended.at
    if first.method in READING and turn.started.at < told <= first.at:
        return True
    cut = over is not None and last.ended is not None and told < last.ended.at >= over
    return cut and gave_up(last) and not any(map(befallen, logical.attempts))


def _service_failed(logical: LogicalCall) -> bool:
    """Whether the service failed, rather than answered what the client did not like, be it at the
    last attempt.
    """
    return not _refused(logical.last) and any(_is_failure(call) for call in logical.attempts)


def _refused(call: CallView) -> bool:
    """Whether a service answered in good order, and no fault made it."""
    ended = call.ended
    replied = ended is not None and ended.outcome is Outcome.REPLIED and ended.status is not None
    return replied and not _is_failure(call) and call.failed and not befallen(call)


def is_failure(call: CallView) -> bool:
    """Whether the service failed a call: not by refusing it, nor because the agent died."""
    return _is_failure(call) and not _answered_otherwise(call)


def _is_failure(call: CallView) -> bool:
    if _died(call) or read_enough(call):
        return False
    if _reached_its_client(call) or call.ended is None:
        return True
    status = call.ended.status or 0
    return call.ended.outcome is not Outcome.REPLIED or status >= 500 or status in _FAILURES


def _reached_its_client(call: CallView) -> bool:
    """Whether a fault broke the call, or slowed it until its client gave up."""
    return any(_broke(fault, call) for fault in call.faults) or (gave_up(call) and befallen(call))


def _broke(fault: FaultMoved, call: CallView) -> bool:
    """Whether a fault left nothing usable. A model that said why it stopped has said all it had to
    say: only the end of the stream is missing then.
    """
    kind = FAULTS.get(fault.fault)
    if fault.stage is not Stage.DELIVERED or kind is None or not kind.breaks:
        return False
    return fault.fault != _UNFINISHED or said_in(call).finish is None


def _answered_otherwise(call: CallView) -> bool:
    ended = call.ended
    return ended is not None and ended.outcome is Outcome.REPLIED and ended.status in _ANSWERS


def came_to_nothing(turn: TurnView) -> bool:
    """Whether a turn has no reply: it raised, was cut at its deadline, or said nothing."""
    ended = turn.ended
    if ended is None or ended.timed_out or ended.error is not None:
        return True
    return not ended.text and ended.answer in (None, Answer.ANSWERED)


def _died(call: CallView) -> bool:
    """Whether the agent died during the call: nobody was left to do anything about it."""
    return gave_up(call) and any(fault.service == AGENT for fault in call.faults)
