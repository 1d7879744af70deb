"""Calls that their clients ended on purpose: not because they took too long, but because of what
had come meanwhile.

Who asks two and takes the first, who needs an answer no more once another is there, and who has
read enough of a stream, closes the connection in the very moment in which that came. A time limit
ends a call at a moment of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from evalkit.journal.records import Outcome, Stage
from evalkit.journal.views import CallView
from evalkit.units import MILLISECOND

_AT_ONCE = MILLISECOND
"""What an agent that was told something takes to act upon it. In simulation that is nothing."""


def called_off(calls: Iterable[CallView]) -> frozenset[int]:
    """The numbers of those among the calls of a turn that were given up when another had ended, or
    when a piece of their own reply had come; or together with one that a fault had befallen, as who
    needs all of several gives the others up with the first that fails.
    """
    calls = tuple(calls)
    given_up = [call for call in calls if is_given_up(call)]
    if not given_up:
        return frozenset()
    ends = [call.ended.at for call in calls if call.ended is not None and not is_given_up(call)]
    spoilt = [call.ended.at for call in given_up if call.ended is not None and befallen(call)]
    return frozenset(
        call.call
        for call in given_up
        if read_enough(call)
        or any(_follows(call, at) for at in (ends if befallen(call) else [*ends, *spoilt]))
    )


def befallen(call: CallView) -> bool:
    """Whether a fault fired on a call."""
    return any(fault.stage is not Stage.SCHEDULED for fault in call.faults)


def read_enough(call: CallView) -> bool:
    """Whether the client closed the connection upon a piece of the reply."""
    last = None if call.ended is None else call.ended.last_token
    return last is not None and is_given_up(call) and _follows(call, last)


def is_given_up(call: CallView) -> bool:
    """Whether the client closed the connection before the reply was whole."""
    return call.ended is not None and call.ended.outcome is Outcome.ABANDONED


def _follows(call: CallView, moment: int) -> bool:
    assert call.ended is not None
    return call.started.at < moment <= call.ended.at <= moment + _AT_ONCE
