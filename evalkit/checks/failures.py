"""What failed in a turn and was never made good: the ground of several checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evalkit.checks.conversation import asked_in, conversation_in, name_of_messages
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


def failures(session: SessionView) -> tuple[Failure, ...]:
    """Every failure of a session that was not made good, turn by turn."""
    return tuple(failure for turn in session.turns for failure in _of_turn(turn))


def _of_turn(turn: TurnView) -> Iterator[Failure]:
    for logical in logical_calls(turn.calls):
        if logical.recovered or not _service_failed(logical) or _made_good(logical, turn):
            continue
        ways = listed(way for way, _ in groupby(failure_of(call) for call in logical.attempts))
        name = f"{logical.service} {logical.operation}"
        yield Failure(
            service=logical.service,
            turn=turn,
            calls=logical.numbers,
            what=f"{name} failed ({numbered(logical.numbers)}: {ways})",
            injected=any(_reached_its_client(call) for call in logical.attempts),
            timed_out=_gave_up(logical.last),
            refused=_answered_otherwise(logical.last),
        )


def _service_failed(logical: LogicalCall) -> bool:
    """Whether the service failed, rather than answered what the client did not like."""
    return any(_is_failure(call) for call in logical.attempts)


def is_failure(call: CallView) -> bool:
    """Whether the service failed a call: not by refusing it, nor because the agent died."""
    return _is_failure(call) and not _answered_otherwise(call)


def _is_failure(call: CallView) -> bool:
    if _died(call):
        return False
    if _reached_its_client(call) or call.ended is None:
        return True
    status = call.ended.status or 0
    return call.ended.outcome is not Outcome.REPLIED or status >= 500 or status in _FAILURES


def _reached_its_client(call: CallView) -> bool:
    """Whether a fault broke the call, or slowed it until its client gave up."""
    return any(_broke(fault, call) for fault in call.faults) or (
        _gave_up(call) and any(fault.stage is not Stage.SCHEDULED for fault in call.faults)
    )


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
    return _gave_up(call) and any(fault.service == AGENT for fault in call.faults)


def _gave_up(call: CallView) -> bool:
    return call.ended is None or call.ended.outcome in (Outcome.ABANDONED, Outcome.OPEN)


def _made_good(logical: LogicalCall, turn: TurnView) -> bool:
    """Whether the turn got the same by another call: an equal one, one to another model, one in
    which a model was told what was wrong, or one that found what had been changed all the same.
    """
    later = [call for call in turn.calls if _succeeded_since(call, logical.first)]
    if any(_identity(call) == _identity(logical.first) for call in later):
        return True
    if any(call.effects for call in logical.attempts):
        return any(call.service == logical.service for call in later)
    return any(_goes_on(call, failed) for call in later for failed in logical.attempts)


def _goes_on(call: CallView, failed: CallView) -> bool:
    """Whether a model was asked what another call had asked, and perhaps more, or was asked on."""
    asked, before = asked_in(call), asked_in(failed)
    name = name_of_messages(before)
    if not name:
        return False
    conversation, now = before[name], asked.get(name_of_messages(asked))
    if isinstance(now, list) and isinstance(conversation, list):
        if now[: len(conversation)] == conversation:
            return True
    elif now == conversation:
        return True
    if _continues(asked, failed):
        return True
    return bool(asked) and conversation_in(asked).goes_on(conversation_in(before))


def _continues(asked: Mapping[str, Any], failed: CallView) -> bool:
    """Whether a model was asked to go on from its own reply, which it is told by its id."""
    previous = asked.get("previous_response_id")
    replied = b"" if failed.ended is None else failed.ended.body
    return isinstance(previous, str) and previous.encode() in replied


def _succeeded_since(call: CallView, failed: CallView) -> bool:
    """Whether a call succeeded after another had begun."""
    if call.failed or call.ended is None:
        return False
    return call.call > failed.call or call.ended.at > failed.started.at


def _identity(call: CallView) -> tuple[str, str, str]:
    return call.service, call.started.operation, call.started.identity
