"""Why a call is the attempt that it is: the reasoning of `evalkit.journal.identity`, in words."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.journal.content import request_content
from evalkit.journal.differing import differing_place
from evalkit.journal.outcomes import outcome_of
from evalkit.journal.records import CONNECT, Outcome
from evalkit.journal.views import CallView


def lineage(call: CallView, calls: Sequence[CallView]) -> str:
    """Why a call of a session is an attempt at the same thing as an earlier one, or a new thing.

    `calls` are all of its session, in order.
    """
    before = [each for each in calls if each.call < call.call]
    if call.started.attempt > 1:
        return _retry(call, before)
    own = [each for each in before if _operation(each) == _operation(call)]
    same = [each for each in own if each.started.identity == call.started.identity]
    here = [each for each in same if each.started.turn == call.started.turn]
    if here:
        return _again(call, here[-1], before)
    if same:
        last = same[-1]
        where = "outside of turns" if last.started.turn is None else f"in turn {last.started.turn}"
        return f"the same was asked as #{last.call} {where}; what another turn asks is a new call"
    if own:
        return _other(call, own)
    return f"it is the session's first call of {call.service} {call.started.operation}"


def _operation(call: CallView) -> tuple[str, str]:
    return call.service, call.started.operation


def _retry(call: CallView, before: Sequence[CallView]) -> str:
    """Which attempt it follows, and what went wrong with that."""
    started = call.started
    earlier = [each for each in before if each.logical == call.logical]
    asks = "asks for the same connection" if started.operation == CONNECT else "asks for the same"
    if not earlier:
        return f"it {asks} as #{started.logical}"
    last = earlier[-1]
    return f"it {asks} as #{last.call}, which {failure_of(last)}"


def failure_of(call: CallView) -> str:
    """What was wrong with a failed call, as the end of a sentence."""
    ended = call.ended
    if ended is None or ended.outcome is Outcome.OPEN:
        return "never ended"
    if ended.outcome is Outcome.ABANDONED:
        return "its client had abandoned"
    if ended.outcome is not Outcome.REPLIED:
        return f"had failed: {outcome_of(call)}"
    if ended.status is not None and ended.status >= 400:
        return f"had failed with status {ended.status}"
    broken = [each.fault for each in call.delivered]
    if broken:
        return f"had got a reply that `{broken[-1]}` left unusable"
    return "had been told to try again (x-should-retry)"


def _again(call: CallView, last: CallView, before: Sequence[CallView]) -> str:
    """The same was asked in the turn before, and yet this is no retry of it."""
    said = f"the same was asked as #{last.call}"
    if not last.failed:
        if last.ended is not None and last.ended.at > call.started.at:
            return f"{said}, which was still under way: calls side by side are two things"
        return f"{said}, which had succeeded: asking again after that is a new thing"
    later = [each for each in before if each.logical == last.logical and each.call > last.call]
    if later:
        return f"{said}, and #{later[0].call} is its retry already"
    return f"{said}, which was still under way: calls side by side are two things"


def _other(call: CallView, own: Sequence[CallView]) -> str:
    """No call was the same: how it differs from the one that it might have been a retry of."""
    turn = [each for each in own if each.started.turn == call.started.turn]
    failed = [each for each in turn if each.failed]
    last = (failed or turn or own)[-1]
    words = "the last that failed before it" if failed else "the last call of the operation before"
    place = differing_place(request_content(last.started), request_content(call.started))
    if place is None:
        return f"it is no exact repetition of #{last.call}, {words}"
    where = f" in `{place.path}`" if place.path else ""
    return f"#{last.call}, {words}, asked for something else{where}"
