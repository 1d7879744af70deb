"""`structured-errors`: callers are told of a failure in a form, not by a stack trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.spoken import is_model, said_in
from evalkit.checks.targets import shown
from evalkit.checks.traces import told_error
from evalkit.checks.words import answer_of, listed
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, OneOrMany, Part

_RAW = re.compile(
    r"Traceback \(most recent call last\)"
    r'|^\s*File "[^"\n]+", line \d+'
    r"|^\s*at \S+ ?\([^)\n]*:\d+:\d+\)"
    r"|\b(?:httpx2?|openai|anthropic|aiohttp|requests|urllib3|httpcore|json\.decoder|pydantic\w*)"
    r"(?:\.\w+)*\.\w*(?:Error|Exception|Timeout)\b"
    r"|<(?:!doctype html|html)[\s>]",
    re.IGNORECASE | re.MULTILINE,
)
"""What a failure looks like that nobody put into words."""


class ErrorForm(Part):
    """What a reply must say beside its text when the turn did not go as asked."""

    fields: OneOrMany[JsonPath] = Field(
        (), description="What its context must hold: `$.error.code`; a turn that raises holds none"
    )
    answers: OneOrMany[Answer] = Field(
        (Answer.DEGRADED, Answer.HOLD, Answer.REFUSED, Answer.PARTIAL),
        description="The kinds of reply that `fields` are required of",
    )


class StructuredErrors(Check):
    """No reply holds a stack trace, the name of a library's exception, or a page of HTML, but for
    what the user, or a model, had written.

    With `fields`, replies that are not as asked say why in a form that programs can read.
    """

    name: ClassVar[str] = "structured-errors"
    about: ClassVar[str] = "a reply holds a raw error, or lacks the fields that tell of one"
    Settings: ClassVar[type[Part] | None] = ErrorForm
    example: ClassVar[str | None] = "structured-errors: {fields: [$.error.code, $.error.retry]}"
    settings: ErrorForm

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that told of a failure otherwise."""
        del facts
        for turn in session.turns:
            text = ("" if turn.ended is None else turn.ended.text) or told_error(turn)
            raw = _RAW.search(text)
            if raw and not _quoted(raw[0], turn):
                seen = shown(text[raw.start() :].strip())
                yield self._finding(session, turn, f"holds a raw error: {seen}", seen)
            missing = [path for path in self.settings.fields if self._lacks(turn, path)]
            if missing:
                what = f"was {answer_of(turn)}, and its context lacks {listed(missing)}"
                yield self._finding(session, turn, what, f"no {listed(missing, 'or')}")

    def _lacks(self, turn: TurnView, path: str) -> bool:
        ended = turn.ended
        if ended is None or (ended.answer not in self.settings.answers and ended.error is None):
            return False
        return not any(each is not None for each in at_path(path, dict(ended.context)))

    def _finding(self, session: SessionView, turn: TurnView, what: str, seen: str) -> Finding:
        assert turn.ended is not None
        return self.finding(
            f"the reply of turn {turn.turn} {what}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=tuple(call.call for call in turn.calls if call.failed),
            expected="an error in words for people, and in fields for programs",
            seen=seen,
            hint="catch errors at the edge of the agent and turn them into one declared form there",
        )


def _quoted(raw: str, turn: TurnView) -> bool:
    """Whether it is what the turn is about: the user had written it, or a model did."""
    if raw in turn.started.input:
        return True
    return any(is_model(call) and raw in said_in(call).text for call in turn.calls)
