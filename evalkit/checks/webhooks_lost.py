"""What was told by a webhook, was acknowledged, and was then lost: its write failed for good.

Which request was made because of which webhook is told by what it holds: a value with a digit in it
that stands in the webhook's body as well, such as the event's id or an order's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from evalkit.checks.base import end_of
from evalkit.checks.failures import is_failure
from evalkit.checks.operations import OperationGlob
from evalkit.checks.targets import json_in, leaves, of_any
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.records import Arrival, CallbackSent, Outcome, Stage
from evalkit.journal.views import CallView, SessionView

_SHORTEST = 4  # characters of a value that tells one thing from others
_LATER = frozenset({"commit_late", "commit_reordered"})


@dataclass(frozen=True, slots=True)
class Lost:
    """A webhook that was answered with success, and the attempts to write it down."""

    sent: CallbackSent
    calls: tuple[CallView, ...]

    @property
    def early(self) -> bool:
        """Whether it was acknowledged before the last attempt to write it down had failed."""
        return self.sent.at < _end(self.calls[-1])


def lost_in(session: SessionView, writes: Iterable[OperationGlob], grace: int) -> Iterator[Lost]:
    """The webhooks of a session that were lost so, one for each write.

    A write is not lost if the same is written later, or if newer news of the same thing takes its
    place within `grace` (nanoseconds). Whoever may still try is given that long too, and as long
    again as was tried so far, for pauses grow.
    """
    made = of_any(writes, session.calls)
    for logical in logical_calls(made):
        if not _failed_for_good(logical) or _of_a_turn(logical.first, session):
            continue
        sent = _cause(logical.first, session.callbacks)
        failed = _end(logical.last)
        over = failed + max(grace, failed - logical.first.started.at)
        if sent is None or _last_seen(session) < over:
            continue
        if not any(_makes_good(call, logical, sent, over) for call in made):
            yield Lost(sent, logical.attempts)


def _failed_for_good(logical: LogicalCall) -> bool:
    """Whether the service failed every attempt, and nothing came or comes of any."""
    return all(is_failure(call) and not _comes_of(call) for call in logical.attempts)


def _comes_of(call: CallView) -> bool:
    """Whether something came of a call all the same, comes later, or may: it is under way."""
    late = any(each.fault in _LATER and each.stage is not Stage.SCHEDULED for each in call.faults)
    return late or bool(call.effects) or call.ended is None or call.ended.outcome is Outcome.OPEN


def _of_a_turn(call: CallView, session: SessionView) -> bool:
    """Whether a call was made while its turn was under way, and so perhaps by that."""
    turn = next((each for each in session.turns if each.turn == call.started.turn), None)
    return turn is not None and (turn.ended is None or call.started.at <= turn.ended.at)


def _cause(call: CallView, sent: Iterable[CallbackSent]) -> CallbackSent | None:
    """The webhook that a call was made because of, if that was answered with success.

    Of several that may be the one, some of which were not taken, none is.
    """
    before = [each for each in sent if each.began <= call.started.at and _shared(each, call)]
    open_then = [each for each in before if each.at >= call.started.at]
    likely = open_then or sorted(before, key=lambda each: each.at)[-1:]
    taken = all(each.arrival is Arrival.TAKEN and each.fault is None for each in likely)
    return likely[-1] if likely and taken else None


def _makes_good(call: CallView, lost: LogicalCall, sent: CallbackSent, until: int) -> bool:
    if call.failed or call.started.at <= lost.first.started.at:
        return False
    if _shared(sent, lost.first) <= _shared(sent, call):
        return True
    return call.started.path == lost.first.started.path and call.started.at <= until


def _shared(sent: CallbackSent, call: CallView) -> frozenset[str]:
    """The values of a webhook that a request holds."""
    started = call.started
    headers = "\n".join(value for _, value in started.headers)
    text = f"{unquote(started.path)}\n{headers}\n{started.body.decode('utf-8', 'replace')}"
    values = (str(each) for each in leaves(json_in(sent.body)) if not isinstance(each, bool))
    return frozenset(each for each in values if _tells_apart(each) and each in text)


def _tells_apart(value: str) -> bool:
    return len(value) >= _SHORTEST and any(each.isdigit() for each in value)


def _end(call: CallView) -> int:
    return call.started.at if call.ended is None else call.ended.at


def _last_seen(session: SessionView) -> int:
    return max(end_of(session), *(each.at for each in session.callbacks))
