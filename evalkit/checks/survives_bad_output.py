"""`survives-bad-output`: what a model says may be wrong in any way, and a reply still comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from evalkit.checks.base import Check, Facts, end_of
from evalkit.checks.failures import came_to_nothing
from evalkit.checks.spoken import is_model
from evalkit.checks.words import answer_of, listed, numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import CallView, SessionView, TurnView

_BAD = frozenset(
    {
        *("bad_arguments", "bad_output", "call_tool", "content_filter", "cut_short", "empty"),
        *("empty_choices", "garbage", "html", "invalid_utf8", "malformed", "missing_field"),
        *("null_value", "refusal", "renamed_field", "truncated", "type_flip", "unfinished"),
        *("unknown_tool", "wrong_schema"),
    }
)
"""The faults after which a reply arrives, and does not hold what it should."""

_TOOL = "tools/call "


class SurvivesBadOutput(Check):
    """A turn in which a model or a tool said something unusable does not raise, hang or come to
    nothing because of it.
    """

    name: ClassVar[str] = "survives-bad-output"
    about: ClassVar[str] = "a model or tool said something unusable, and the turn broke on it"

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that broke."""
        for turn in session.turns:
            bad = {call.call: kinds for call in turn.calls if (kinds := _bad(call, facts))}
            if bad and came_to_nothing(turn):
                yield self._broken(session, turn, bad)

    def _broken(
        self, session: SessionView, turn: TurnView, bad: dict[int, tuple[str, ...]]
    ) -> Finding:
        kinds = listed(dict.fromkeys(each for kinds in bad.values() for each in kinds))
        seen = answer_of(turn)
        return self.finding(
            f"turn {turn.turn}: {seen}, after {kinds} ({numbered(tuple(bad))})",
            at=end_of(session) if turn.ended is None else turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=tuple(bad),
            expected="a reply",
            seen=seen,
            hint="parse and validate what models say where it comes in: no JSON, an unknown tool "
            "or wrong arguments go back to the model, so often and no more, or to a plain answer",
        )


def _bad(call: CallView, facts: Facts) -> tuple[str, ...]:
    kinds = tuple(each.fault for each in call.delivered if each.fault in _BAD)
    of_tool = call.started.operation.startswith(_TOOL)
    return kinds if kinds and (call.service in facts.models or of_tool or is_model(call)) else ()
