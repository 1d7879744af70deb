"""What a session did, step by step, in a few words each: what two runs of it are told apart by.

Times are no behaviour. Calls that began at the same moment are put in the order of their names, so
that the order of what is side by side does not count either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from evalkit.journal.records import EffectCommitted, Finding, Outcome, Severity
from evalkit.journal.views import CallView, SessionView, TurnView


def steps_of(session: SessionView) -> tuple[str, ...]:
    """The steps of a session in order: calls with their outcomes, effects, and how turns ended."""
    steps: list[str] = []
    for turn in session.turns:
        steps += _of_turn(turn, session)
    known = {turn.turn for turn in session.turns}
    steps += _calls(call for call in session.calls if call.started.turn not in known)
    steps += sorted(_violation(each) for each in session.findings if _blocks(each))
    steps.append("no end" if session.ended is None else str(session.ended.end))
    return tuple(steps)


def _of_turn(turn: TurnView, session: SessionView) -> Iterator[str]:
    yield from (f"turn {turn.turn}: {step}" for step in _calls(turn.calls))
    effects = sorted(_effect(each) for each in session.effects if each.turn == turn.turn)
    yield from (f"turn {turn.turn}: {step}" for step in effects)
    yield f"turn {turn.turn}: {_ended(turn)}"


def _calls(calls: Iterable[CallView]) -> Iterator[str]:
    for _, together in groupby(calls, key=lambda call: call.started.at):
        yield from sorted(_call(call) for call in together)


def _call(call: CallView) -> str:
    return f"{call.service} {call.started.operation} → {_outcome(call)}"


def _outcome(call: CallView) -> str:
    if call.ended is None:
        return "no end"
    if call.ended.outcome is Outcome.REPLIED:
        return str(call.ended.status)
    return str(call.ended.outcome)


def _effect(effect: EffectCommitted) -> str:
    return f"effect {effect.name} at {effect.service}"


def _ended(turn: TurnView) -> str:
    ended = turn.ended
    if ended is None:
        return "never ended"
    if ended.timed_out:
        return "timed out"
    if ended.error is not None:
        return f"raised {ended.error.partition(':')[0]}"
    return "replied" if ended.answer is None else str(ended.answer)


def _blocks(finding: Finding) -> bool:
    return finding.severity is Severity.VIOLATION


def _violation(finding: Finding) -> str:
    return f"violation of {finding.check}"
