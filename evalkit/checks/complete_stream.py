"""`complete-stream`: half of what a model had to say was taken for the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts
from evalkit.checks.spoken import CUT_OFF, is_model, said_in
from evalkit.checks.targets import json_in, leaves
from evalkit.checks.words import failure_of
from evalkit.journal.records import Answer, Finding, Outcome
from evalkit.journal.views import CallView, SessionView, TurnView

_LOSING = frozenset({"cut", "reset", "truncated", "cut_short", "unfinished", "error_event"})
"""The faults that leave a reply unfinished."""

_ENOUGH = 12
"""Characters: what is shorter may stand in any reply by chance."""


class CompleteStream(Check):
    """The text of a reply that broke off, or that its token limit ended, is in what the user got,
    in a turn that is `answered`; no whole reply of a model in the turn says it, and none was asked
    to go on from it.
    """

    name: ClassVar[str] = "complete-stream"
    about: ClassVar[str] = "a model's reply broke off and was passed on as if it were whole"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that pass one on."""
        del facts
        for turn in session.turns:
            ended = turn.ended
            if ended is None or ended.answer is not Answer.ANSWERED or not ended.text:
                continue
            if not any(map(_may_be_broken, turn.calls)):
                continue
            spoken = [call for call in turn.calls if is_model(call)]
            broken = {call.call: why for call in spoken if (why := _broken_off(call)) is not None}
            whole = [call for call in spoken if call.call not in broken]
            for call in spoken:
                text = said_in(call).text.strip() if call.call in broken else ""
                if len(text) < _ENOUGH or text not in ended.text or _said(text, whole):
                    continue
                if not any(_goes_on(each, call, text) for each in whole):
                    yield self._passed_on(session, turn, call, broken[call.call])

    def _passed_on(self, session: SessionView, turn: TurnView, call: CallView, why: str) -> Finding:
        assert turn.ended is not None
        name = f"{call.service} {call.started.operation}"
        return self.finding(
            f"turn {turn.turn} passed on as whole what {name} (call #{call.call}) had said when "
            f"its reply {why}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=(call.call,),
            expected="the whole reply, or an answer like partial or degraded",
            seen="answered",
            hint="look at the finish reason and at the end of the stream before a text counts; "
            "ask again, or say that it is not all",
        )


def _said(text: str, whole: Iterable[CallView]) -> bool:
    return any(text in said_in(each).text for each in whole)


def _goes_on(call: CallView, broken: CallView, text: str) -> bool:
    """Whether a model was asked, with what had come, to say the rest, and did."""
    if call.failed or call.call < broken.call:
        return False
    asked = (each for each in leaves(json_in(call.started.body)) if isinstance(each, str))
    return any(text in each for each in asked)


def _may_be_broken(call: CallView) -> bool:
    """Whether it is worth the while to read the reply: most need no reading."""
    ended = call.ended
    if ended is None or ended.outcome in (Outcome.CUT, Outcome.RESET):
        return True
    if any(each.fault in _LOSING for each in call.delivered):
        return True
    return any(reason.encode() in ended.body for reason in CUT_OFF)


def _broken_off(call: CallView) -> str | None:
    """How a reply ended before its time, in words; None where it did not."""
    ended = call.ended
    if ended is None or ended.outcome in (Outcome.CUT, Outcome.RESET):
        return f"broke off ({failure_of(call)})"
    if (finish := said_in(call).finish) in CUT_OFF:
        return f"reached its limit (finish reason {finish})"
    lost = [each.fault for each in call.delivered if each.fault in _LOSING]
    return f"broke off ({lost[0]})" if lost and said_in(call).finish is None else None
