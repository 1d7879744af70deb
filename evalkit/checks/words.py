"""How findings speak of calls, turns, times and lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalkit.journal.records import Outcome
from evalkit.journal.views import CallView, TurnView
from evalkit.units import MILLISECOND, format_duration


def listed(words: Iterable[object], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    texts = [str(word) for word in words]
    return f" {last} ".join([*([", ".join(texts[:-1])] if texts[1:] else []), *texts[-1:]])


def numbered(calls: Sequence[int]) -> str:
    """`call #3`, `calls #3 and #4`: as timelines name them, and `evalkit explain` takes them."""
    return f"call{'s' if len(calls) != 1 else ''} {listed(f'#{each}' for each in calls)}"


def duration(ns: int) -> str:
    """A duration to read: to the millisecond."""
    whole = round(ns / MILLISECOND) * MILLISECOND
    return format_duration(whole or ns)


def failure_of(call: CallView) -> str:
    """How a call failed, in a few words."""
    ended = call.ended
    if ended is None or ended.outcome is Outcome.OPEN:
        return "never ended"
    match ended.outcome:
        case Outcome.ABANDONED:
            return f"given up by its client after {duration(call.latency or 0)}"
        case Outcome.CUT:
            return f"cut after {ended.sent} bytes"
        case Outcome.RESET:
            return "connection reset"
        case Outcome.REFUSED:
            return "connection refused"
    if ended.status is not None and ended.status >= 400:
        return f"status {ended.status}"
    return "unusable reply"


def answer_of(turn: TurnView) -> str:
    """The answer of a turn, or what came in its place."""
    if turn.ended is None:
        return "never ended"
    if turn.ended.answer is not None:
        return str(turn.ended.answer)
    if turn.ended.timed_out:
        return "timed out"
    return f"an error: {turn.ended.error}" if turn.ended.error else "no answer"
