"""`escalates-when-unsure`: what the agent is not sure of is not sent as if it were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.spoken import said_in
from evalkit.checks.targets import Operations, json_in, json_within, of_any
from evalkit.checks.words import answer_of, listed, numbered
from evalkit.journal.records import Answer, Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, OneOrMany, Part


class Unsure(Part):
    """When the agent is unsure, and what it does then."""

    below: Annotated[float, Field(gt=0, le=1)] = Field(
        description="The confidence from which on it is sure"
    )
    at_least: Annotated[float, Field(ge=0, lt=1)] = Field(
        0, description="Where another band of confidence begins below this one, its end"
    )
    source: Operations = Field(
        (), alias="from", description="Who says how sure; none: the reply's own `confidence`"
    )
    path: JsonPath = Field(
        "$.confidence", description="Where `from` says it, in its reply or in what a model said"
    )
    answer: OneOrMany[Answer] = Field(
        (Answer.ESCALATED, Answer.HOLD, Answer.REFUSED),
        description="The answer then, or several of which one is",
    )
    calls: Operations = Field((), description="What must be called then")


@dataclass(frozen=True, slots=True)
class _Said:
    """How sure somebody was, and by which call; None: the agent's own reply."""

    sure: float
    call: int | None = None


class EscalatesWhenUnsure(Check):
    """Every turn whose confidence lies in the band gets the answer, and makes the calls, of it.

    Of several confidences that `from` gives in a turn, the last counts.
    """

    name: ClassVar[str] = "escalates-when-unsure"
    about: ClassVar[str] = "a reply that the agent was not sure of was sent all the same"
    Settings: ClassVar[type[Part] | None] = Unsure
    example: ClassVar[str | None] = "escalates-when-unsure: {below: 0.5, calls: crm POST /tasks}"
    settings: Unsure

    def findings(self, session: SessionView, facts: Facts) -> Iterator[Finding]:
        """The turns that were sent."""
        del facts
        for turn in session.turns:
            said = self._confidence(turn)
            if said is None or not self.settings.at_least <= said.sure < self.settings.below:
                continue
            if turn.ended is not None and turn.ended.answer not in self.settings.answer:
                wanted = listed(self.settings.answer, "or")
                yield self._sent(session, turn, said, f"was {answer_of(turn)}", wanted)
            for wanted_call in self.settings.calls:
                if not of_any((wanted_call,), turn.calls):
                    seen = f"did not call {wanted_call}"
                    yield self._sent(session, turn, said, seen, f"a call of {wanted_call}")

    def _confidence(self, turn: TurnView) -> _Said | None:
        if not self.settings.source:
            own = None if turn.ended is None else turn.ended.confidence
            return None if own is None else _Said(own)
        said: list[_Said] = []
        for call in of_any(self.settings.source, turn.calls):
            if not call.failed and call.ended is not None:
                bodies = (json_within(said_in(call).text), json_in(call.ended.body))
                found = (each for body in bodies for each in at_path(self.settings.path, body))
                said += [_Said(each, call.call) for each in found if _is_number(each)][:1]
        return said[-1] if said else None

    def _sent(
        self, session: SessionView, turn: TurnView, said: _Said, seen: str, expected: str
    ) -> Finding:
        assert turn.ended is not None
        calls = () if said.call is None else (said.call,)
        by = f" ({numbered(calls)})" if calls else ""
        return self.finding(
            f"turn {turn.turn} {seen} at a confidence of {said.sure:g}{by}",
            at=turn.ended.at,
            session=session.id,
            turn=turn.turn,
            calls=calls,
            expected=f"{expected} below {self.settings.below:g}",
            seen=seen,
            hint="compare the confidence where the reply leaves, on every path to it; "
            "one that is missing is a low one",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
