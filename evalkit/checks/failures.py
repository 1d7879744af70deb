"""What failed in a turn and was never made good: the ground of several checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evalkit.checks.words import failure_of, listed, numbered
from evalkit.faults import AGENT, FAULTS
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.records import FaultMoved, Outcome, Stage
from evalkit.journal.views import CallView, SessionView, TurnView

# Statuses below 500 that are the service's failure, not its answer.
_FAILURES = frozenset({408, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A service failed a turn and nothing made it good.

    `injected` tells that a fault reached the client; `timed_out` that the client gave up waiting.
    """

    service: str
    turn: TurnView
    calls: tuple[int, ...]
    what: str
    injected: bool
    timed_out: bool


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
        )


def _service_failed(logical: LogicalCall) -> bool:
    """Whether the service failed, rather than answered what the client did not like."""
    return any(_is_failure(call) for call in logical.attempts)


def _is_failure(call: CallView) -> bool:
    if _died(call):
        return False
    if _reached_its_client(call) or call.ended is None:
        return True
    status = call.ended.status or 0
    return call.ended.outcome is not Outcome.REPLIED or status >= 500 or status in _FAILURES


def _reached_its_client(call: CallView) -> bool:
    """Whether a fault broke the call, or slowed it until its client gave up."""
    return any(_broke(fault) for fault in call.faults) or (
        _gave_up(call) and any(fault.stage is not Stage.SCHEDULED for fault in call.faults)
    )


def _broke(fault: FaultMoved) -> bool:
    kind = FAULTS.get(fault.fault)
    return fault.stage is Stage.DELIVERED and kind is not None and kind.breaks


def _died(call: CallView) -> bool:
    """Whether the agent died during the call: nobody was left to do anything about it."""
    return _gave_up(call) and any(fault.service == AGENT for fault in call.faults)


def _gave_up(call: CallView) -> bool:
    return call.ended is None or call.ended.outcome in (Outcome.ABANDONED, Outcome.OPEN)


def _made_good(logical: LogicalCall, turn: TurnView) -> bool:
    """Whether the turn got the same by another call: an equal one, or one to another model."""
    later = [call for call in turn.calls if _succeeded_since(call, logical.first)]
    if any(_identity(call) == _identity(logical.first) for call in later):
        return True
    conversation = _conversation(logical.first)
    return conversation is not None and conversation in map(_conversation, later)


def _succeeded_since(call: CallView, failed: CallView) -> bool:
    """Whether a call succeeded after another had begun."""
    if call.failed or call.ended is None:
        return False
    return call.call > failed.call or call.ended.at > failed.started.at


def _identity(call: CallView) -> tuple[str, str, str]:
    return call.service, call.started.operation, call.started.identity


def _conversation(call: CallView) -> Any:
    """What a model was asked, whichever model it was; None for other calls."""
    try:
        body = json.loads(call.started.body)
    except ValueError:
        return None
    if not isinstance(body, dict) or "model" not in body:
        return None
    return body.get("messages") or body.get("input")
