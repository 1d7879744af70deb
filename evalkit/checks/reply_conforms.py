"""`reply-conforms`: a reply has the form that its callers were promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.schemas import Conforming, mistake_in
from evalkit.checks.targets import json_in
from evalkit.journal.records import Answer, Finding, TurnEnded
from evalkit.journal.views import SessionView
from evalkit.suite.parts import OneOrMany, Part

NONE = object()


class PromisedReply(Conforming):
    """The form of the replies."""

    of: Literal["reply", "text", "context"] = Field(
        "reply",
        description="reply: {text, answer, confidence, context}; text: the JSON that the text is; "
        "context: what comes beside the text",
    )
    answers: OneOrMany[Answer] = Field((), description="Of replies of these kinds only")


class ReplyConforms(Check):
    """Holds every reply against a JSON Schema. What broke off in an error is none."""

    name: ClassVar[str] = "reply-conforms"
    about: ClassVar[str] = "a reply does not have the form that its callers were promised"
    Settings: ClassVar[type[Part] | None] = PromisedReply
    example: ClassVar[str | None] = (
        "reply-conforms: {of: context, schema: {required: [case]}, answers: answered}"
    )
    settings: PromisedReply

    @classmethod
    def needs(cls) -> tuple[str, ...]:
        """It cannot do without `schema` or `versions`."""
        return ("schema",)

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The replies of another form."""
        del facts
        for turn in session.turns:
            ended = turn.ended
            if ended is None or ended.text is None or ended.error is not None:
                continue
            if self.settings.answers and ended.answer not in self.settings.answers:
                continue
            value = self._value(ended)
            wrong = "its text is no JSON" if value is NONE else mistake_in(self.settings, value)
            if wrong is not None:
                yield self.finding(
                    f"the reply of turn {turn.turn} breaks its schema: {wrong}",
                    at=ended.at,
                    session=session.id,
                    turn=turn.turn,
                    expected="a reply that fits its schema",
                    seen=wrong,
                    hint="build replies in one place, from a type that the schema is made of; a "
                    "change that callers must follow is a new version",
                )

    def _value(self, ended: TurnEnded) -> Any:
        if self.settings.of == "context":
            return dict(ended.context)
        if self.settings.of == "text":
            value = json_in(ended.text or "")
            return NONE if value is None else value
        answer = None if ended.answer is None else str(ended.answer)
        said = {"text": ended.text, "answer": answer, "confidence": ended.confidence}
        return {**said, "context": dict(ended.context)}
